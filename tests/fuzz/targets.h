// Fuzz targets: each takes any bytes, and aborts when a property of a parser does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace lakebed::fuzz {

void fuzz_parse_toml(std::string_view input);
void fuzz_site(std::string_view input);
void fuzz_catalog(std::string_view input);
void fuzz_graph(std::string_view input);
void fuzz_service_conf(std::string_view input);
void fuzz_interpolate(std::string_view input);
void fuzz_gateway_reply(std::string_view input);
void fuzz_recording(std::string_view input);
void fuzz_incident_name(std::string_view input);
void fuzz_verify(std::string_view input);

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "property does not hold: %s\n", what);
    std::abort();
}

} // namespace lakebed::fuzz
