// Steps of the transition table; each is total: it may be called in any state.
#pragma once

#include "engine/table.h"

namespace lakebed::steps {

void ignore(Turn&, detail::Slot&);

// The unit.
void came(Turn&, detail::Slot&);   // it is up
void same(Turn&, detail::Slot&);   // still up, or a run we did not see begin
void redone(Turn&, detail::Slot&); // up while we wait for our restart
void linger(Turn&, detail::Slot&); // up or coming up while it should go down
void began(Turn&, detail::Slot&);  // it is coming up
void rebegn(Turn&, detail::Slot&); // coming up while we wait for our restart
void fail(Turn&, detail::Slot&);   // it failed: the policy decides
void leave(Turn&, detail::Slot&);  // it is going down
void idle(Turn&, detail::Slot&);   // inactive while we wait to try again
void vanish(Turn&, detail::Slot&); // inactive while it should start
void anew(Turn&, detail::Slot&);   // going down, perhaps by a later stop than the one we know of
void ended(Turn&, detail::Slot&);  // the stop is complete

// Jobs.
void opstop(Turn&, detail::Slot&); // stopped by an operator
void taken(Turn&, detail::Slot&);  // inactive: by an operator, unless its stop is excused
void ceded(Turn&, detail::Slot&);  // our start gave way to somebody's stop
void undone(Turn&, detail::Slot&); // our stop gave way to somebody's start
void nostrt(Turn&, detail::Slot&); // our start came to nothing
void later(Turn&, detail::Slot&);  // refused: again in a second
void unsent(Turn&, detail::Slot&); // our stop was refused

// The graph.
void begin(Turn&, detail::Slot&); // start it, if it should run
void renew(Turn&, detail::Slot&); // what the loss and the new runs of its needs ask of it
void susp(Turn&, detail::Slot&);  // suspend: a need went away

// Timers and probes.
void retry(Turn&, detail::Slot&);
void again(Turn&, detail::Slot&); // a refused restart of a running service
void good(Turn&, detail::Slot&);
void ping(Turn&, detail::Slot&);
void verify(Turn&, detail::Slot&);
void fine(Turn&, detail::Slot&);
void doubt(Turn&, detail::Slot&);
void alive(Turn&, detail::Slot&);
void hung(Turn&, detail::Slot&);

// People, the target, the log.
void ustart(Turn&, detail::Slot&);
void ustop(Turn&, detail::Slot&);
void ureset(Turn&, detail::Slot&); // restart
void wake(Turn&, detail::Slot&);
void sleep(Turn&, detail::Slot&);
void damn(Turn&, detail::Slot&);   // its configuration is wrong
void blame(Turn&, detail::Slot&);  // what its last failure came from
void slowly(Turn&, detail::Slot&); // its port is taken

// The first snapshot since lakebedd started; not in the table, as it precedes every state.
void adopt(Turn&, detail::Slot&);

} // namespace lakebed::steps
