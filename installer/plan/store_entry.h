// The store entry of a component: a directory whose name pins what is in it.
#pragma once

#include "plan/stack.h"

namespace lakebed {

// <store>/<component>-<version>-<digest8>; the digest covers the layout and the pins of the
// artifacts, so two entries of one path hold the same files.
[[nodiscard]] StoreEntry make_store_entry(const Component& component, const Catalog& catalog,
                                          const Paths& paths);

} // namespace lakebed
