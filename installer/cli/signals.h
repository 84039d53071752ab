// Signals: Ctrl-C once asks the command to stop at its next safe point, twice ends the program.
#pragma once

#include "sys/cancel.h"

namespace lakebed {

// Installs handlers for SIGINT, SIGTERM and SIGHUP and returns the flag that they set.
const CancelFlag& install_signal_handlers();

} // namespace lakebed
