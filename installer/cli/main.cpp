#include <sys/stat.h>

#include "cli/command.h"
#include "cli/signals.h"

int main(int argc, char** argv) {
    ::umask(022); // a hardened host's 077 would hide what services must read; secrets have their
                  // own mode
    lakebed::Invocation invocation;
    invocation.arguments.assign(argv + 1, argv + argc);
    invocation.cancel = &lakebed::install_signal_handlers();
    return lakebed::run_cli(invocation);
}
