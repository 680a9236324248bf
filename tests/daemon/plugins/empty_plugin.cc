// A shared object that is no plugin.
extern "C" int appd_something_else() { return 1; }
