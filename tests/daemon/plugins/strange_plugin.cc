// Has the name of the entry point, for something else.
extern "C" {
extern const char appd_plugin[64];
const char appd_plugin[64] = "not an entry point";
}
