// appctl: calls a server's actions from the command line (docs/appctl.md).
#include "appd/clients/appctl/appctl.h"

int main(int argc, char** argv) { return appd::clients::run_appctl(argc, argv); }
