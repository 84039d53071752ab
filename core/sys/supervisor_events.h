// SupervisorEvents: the entries that lakebedd writes to the journal, by kind; `lakebed events` and
// journalctl MESSAGE_ID=… find them by these numbers.
//
// Fields, where they make sense: LAKEBED_SERVICE, LAKEBED_UNIT, LAKEBED_STATE, LAKEBED_CAUSE,
// LAKEBED_DETAIL, LAKEBED_RUN (InvocationID), LAKEBED_EVIDENCE (incident_files.h), LAKEBED_VERB,
// LAKEBED_UID. MESSAGE is a sentence for people.
#pragma once

#include <string_view>

namespace lakebed {

struct EventKind {
    std::string_view name;
    std::string_view message_id;
};

inline constexpr EventKind kStateEvent{"state", "7f15065d2a6540fb9ee734c9bcc81647"};
inline constexpr EventKind kIncidentEvent{"incident", "c1346522b0924bf8bb4275b3c6cc0adb"};
inline constexpr EventKind kOrderEvent{"order", "c9496478366840318b0eb7429b5073c3"}; // a person's
inline constexpr EventKind kJobEvent{"job", "3b6f85cab18c4a55bab7c6bb5ffa9892"};     // lakebedd's
inline constexpr EventKind kSelfEvent{"lakebedd", "df86ffe5d983464eadeb3e64d3aeebb6"};

inline constexpr EventKind kEventKinds[] = {kStateEvent, kIncidentEvent, kOrderEvent, kJobEvent,
                                            kSelfEvent};

} // namespace lakebed
