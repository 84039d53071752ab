#include "engine/record.h"
#include "fuzz/targets.h"

namespace lakebed::fuzz {

void fuzz_recording(std::string_view input) {
    Diagnostics diagnostics;
    std::vector<RecordLine> lines = read_recording(input, "run.jsonl", diagnostics);
    if (diagnostics.has_errors()) return;
    require(!lines.empty(), "a good recording holds something");
    for (RecordLine& line : lines) {
        Diagnostics again;
        // Only a life may stand alone.
        const std::string life = write_record(RecordedLife{}) + "\n";
        std::vector<RecordLine> back =
            read_recording(life + write_record(line.record) + "\n", "again.jsonl", again);
        require(!again.has_errors() && back.size() == 2 && back[1].record == line.record,
                "a record is read back equal");
        if (auto* begun = std::get_if<RecordedLife>(&line.record))
            require(Supervisor(std::move(begun->state)).on(TargetStopping{}, TimePoint()).size() <
                        10000,
                    "a supervisor can be made of what was read");
    }
}

} // namespace lakebed::fuzz
