#include "cli/command.h"
#include "cli/signals.h"

int main(int argc, char** argv) {
    lakebed::Invocation invocation;
    invocation.arguments.assign(argv + 1, argv + argc);
    invocation.cancel = &lakebed::install_signal_handlers();
    return lakebed::run_cli(invocation);
}
