// Layers of conf/ files, as tables: what a condition lays over a conf, what a service includes.
#pragma once

#include "base/value.h"

namespace lakebed {

// A [when.*] table over the conf it stands in: tables deeply, files by their path.
void lay_over(Table& conf, const Table& over);

// What a service takes from a shared conf. Its own values win; lists are united, own items first.
void include_shared(Table& service, const Table& shared);

// Reports only what `diagnostics` does not hold yet: the same lines may be read in several layers.
void add_new(Diagnostics& diagnostics, const Diagnostics& found);

} // namespace lakebed
