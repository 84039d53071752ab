#include "fuzz/targets.h"
#include "input/shapes.h"
#include "input/site.h"

namespace lakebed::fuzz {

void fuzz_site(std::string_view input) {
    Diagnostics diagnostics;
    std::string text(input);
    Site site = read_site({{"a.toml", text}, {"b.toml", text}}, diagnostics);
    if (diagnostics.has_errors()) return;
    require(is_address(site.listen), "listen is an address");
    require(is_plain_path(site.data_dir), "data_dir is a path");
    Diagnostics once;
    Site single = read_site({{"b.toml", text}}, once);
    require(single.services == site.services, "a file laid over itself changes nothing");
}

} // namespace lakebed::fuzz
