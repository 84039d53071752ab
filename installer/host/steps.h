// The steps of a plan that are more than one call, each in a file of its own.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "host/host.h"

namespace lakebed {

// Makes the directory when missing, sets owner and mode of it alone, writes the ownership marker.
// Refuses links, and with a marker: other sites' directories and such that hold files not ours.
[[nodiscard]] Result<void> ensure_directory(const EnsureDir& step);

// Writes the secret's file when it is missing; never touches one that is there.
[[nodiscard]] Result<void> ensure_secret(const StackSecret& secret);

// Blobs of the store whose content this process has read and found right.
struct KnownBlobs {
    std::mutex mutex;
    std::set<std::string> names;
};

// Lays out a store entry in a directory beside it, syncs once, moves it into place.
[[nodiscard]] Result<void> unpack(const Unpack& step, KnownBlobs& blobs,
                                  const StepProgress& progress);

// Writes generations/N whole, then points `current` at it.
[[nodiscard]] Result<void> switch_generation(const Paths& paths, const SwitchGeneration& step);

struct Generation {
    int number = 0; // 0: none
    std::map<std::string, std::string> manifest;
};
[[nodiscard]] Result<Generation> read_current_generation(const Paths& paths);

// Everything of the Inventory but depot and units.
[[nodiscard]] Result<Inventory> read_files_inventory(const Paths& paths,
                                                     const InventoryQuery& query);

} // namespace lakebed
