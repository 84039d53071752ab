#include "engine/table.h"

#include <array>

#include "engine/steps.h"

namespace lakebed {
namespace {

using namespace steps;
constexpr Step o = ignore;
using Row = std::array<Step, kStates>;

// clang-format off
constexpr std::array<Row, kInputs> kTable = {{
//                 waiting held    starting ready  degraded restart backoff slow    by_oper stopping stopped
/* up           */ {came,   came,   came,   same,   same,   redone, came,   came,   came,   linger, came  },
/* coming_up    */ {began,  began,  began,  began,  began,  rebegn, began,  began,  began,  linger, began },
/* hold_off     */ {fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail  },
/* failed       */ {fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail,   fail  },
/* down         */ {o,      idle,   vanish, taken,  taken,  taken,  idle,   idle,   o,      ended,  o     },
/* going_down   */ {o,      o,      leave,  leave,  leave,  o,      leave,  leave,  o,      anew,   o     },
/* queued       */ {o,      o,      o,      leave,  leave,  o,      o,      o,      o,      o,      o     },
/* stop_done    */ {opstop, opstop, opstop, opstop, opstop, opstop, opstop, opstop, o,      opstop, opstop},
/* stop_undone  */ {undone, undone, undone, undone, undone, undone, undone, undone, undone, undone, undone},
/* canceled     */ {o,      ceded,  ceded,  o,      o,      ceded,  ceded,  ceded,  o,      unsent, o     },
/* start_failed */ {o,      o,      nostrt, o,      o,      nostrt, o,      o,      o,      unsent, o     },
/* refused      */ {unsent, unsent, later,  o,      o,      later,  unsent, unsent, unsent, unsent, unsent},
/* needs_ready  */ {begin,  begin,  o,      renew,  renew,  o,      o,      o,      o,      o,      o     },
/* need_lost    */ {o,      o,      o,      renew,  renew,  o,      susp,   o,      o,      o,      o     },
/* retry_due    */ {o,      o,      o,      again,  again,  o,      retry,  retry,  o,      o,      o     },
/* good_run     */ {o,      o,      o,      good,   o,      o,      o,      o,      o,      o,      o     },
/* liveness_due */ {o,      o,      o,      ping,   ping,   o,      o,      o,      o,      o,      o     },
/* verify_due   */ {o,      o,      o,      verify, verify, o,      o,      o,      o,      o,      o     },
/* probe_ok     */ {o,      o,      o,      fine,   fine,   o,      o,      o,      o,      o,      o     },
/* probe_bad    */ {o,      o,      o,      doubt,  doubt,  o,      o,      o,      o,      o,      o     },
/* live_ok      */ {o,      o,      o,      alive,  alive,  o,      o,      o,      o,      o,      o     },
/* live_bad     */ {o,      o,      o,      hung,   hung,   o,      o,      o,      o,      o,      o     },
/* start        */ {ustart, ustart, ustart, ustart, ustart, ustart, ustart, ustart, ustart, ustart, ustart},
/* stop         */ {ustop,  ustop,  ustop,  ustop,  ustop,  ustop,  ustop,  ustop,  ustop,  ustop,  ustop },
/* restart      */ {ustart, ustart, ureset, ureset, ureset, ureset, ustart, ustart, ustart, ustart, ustart},
/* target_up    */ {wake,   wake,   wake,   wake,   wake,   wake,   wake,   wake,   wake,   wake,   wake  },
/* target_down  */ {sleep,  sleep,  sleep,  sleep,  sleep,  sleep,  sleep,  sleep,  sleep,  sleep,  sleep },
/* fatal        */ {damn,   damn,   damn,   o,      o,      damn,   damn,   damn,   o,      o,      o     },
/* port_taken   */ {blame,  blame,  blame,  o,      o,      blame,  slowly, blame,  o,      o,      o     },
/* disk_full    */ {blame,  blame,  blame,  o,      o,      blame,  blame,  blame,  o,      o,      o     },
}};
// clang-format on

} // namespace

Step step_for(Input input, State state) {
    return kTable[static_cast<std::size_t>(input)][static_cast<std::size_t>(state)];
}

} // namespace lakebed
