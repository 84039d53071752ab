#include "verify/json.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace lakebed {
namespace {

constexpr std::size_t kMaxDepth = 64;

// nlohmann's own document keeps numbers as doubles: 2.50 would come back as 2.5.
class Builder : public nlohmann::json_sax<nlohmann::json> {
  public:
    Json root;
    std::string problem;

    bool null() override { return add({}); }
    bool boolean(bool value) override {
        return add({Json::Kind::boolean, value ? "true" : "false", {}, {}});
    }
    bool number_integer(number_integer_t value) override { return number(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return number(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { return number(text); }
    bool string(string_t& value) override {
        return add({Json::Kind::string, std::move(value), {}, {}});
    }
    bool binary(binary_t&) override { return false; } // not in JSON text
    bool start_object(std::size_t) override { return open(Json::Kind::object); }
    bool key(string_t& name) override {
        open_.back()->members.emplace_back(std::move(name), Json{});
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::Kind::array); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception&) override {
        problem = "at byte " + std::to_string(position);
        return false;
    }

  private:
    bool number(std::string text) { return add({Json::Kind::number, std::move(text), {}, {}}); }

    Json* place(Json value) {
        if (open_.empty()) {
            root = std::move(value);
            return &root;
        }
        Json& parent = *open_.back();
        if (parent.kind == Json::Kind::array) {
            parent.items.push_back(std::move(value));
            return &parent.items.back();
        }
        parent.members.back().second = std::move(value);
        return &parent.members.back().second;
    }
    bool add(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json::Kind kind) {
        if (open_.size() == kMaxDepth) {
            problem = "nested too deep";
            return false;
        }
        // Stays where it is while it is open: only the innermost one grows.
        open_.push_back(place({kind, "", {}, {}}));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::vector<Json*> open_;
};

} // namespace

Result<Json> parse_json(std::string_view text) {
    Builder builder;
    if (!nlohmann::json::sax_parse(text, &builder))
        return fail("answered with something that is no JSON: " + builder.problem);
    return std::move(builder.root);
}

const Json& member(const Json& object, std::string_view name) {
    static const Json kNone;
    for (const auto& [key, value] : object.members)
        if (key == name) return value;
    return kNone;
}

const std::string& member_text(const Json& object, std::string_view name) {
    return member(object, name).text;
}

long long member_number(const Json& object, std::string_view name) {
    const std::string& text = member_text(object, name);
    long long number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string json_quoted(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string to_text(const Json& json) {
    std::string out;
    switch (json.kind) {
    case Json::Kind::null:
        return "null";
    case Json::Kind::boolean:
    case Json::Kind::number:
        return json.text;
    case Json::Kind::string:
        return json_quoted(json.text);
    case Json::Kind::array:
        for (const Json& item : json.items) out += (out.empty() ? "" : ",") + to_text(item);
        return "[" + out + "]";
    case Json::Kind::object:
        for (const auto& [key, value] : json.members)
            out += (out.empty() ? "" : ",") + json_quoted(key) + ":" + to_text(value);
        return "{" + out + "}";
    }
    return out;
}

} // namespace lakebed
