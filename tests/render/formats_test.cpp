// Hostile strings through each format and back, each read by rules written down from its reader's
// own source or manual, not from our writer.
#include "render/formats.h"

#include <gtest/gtest.h>

#include "render/render.h"
#include "support/text.h"

namespace lakebed {
namespace {

const std::vector<std::string> kHostile = {
    "",
    "plain",
    " leading and trailing ",
    "\"double\" and 'single'",
    "back\\slash \\n \\u0041 \\",
    "# not a comment ! either",
    "a=b:c = d",
    "ü 日本 😀",
    "user@host @app.data",
    "@credential:redis-app@",
    "tab\tline\nfeed\rreturn",
    "<xml> & \"quotes\" ]]> <!-- -->",
    "$(reboot) `x` ${y} %n",
    "'; drop table x; --",
    "\xc2\xa0nbsp",
};

Table one(const std::string& key, const std::string& text) {
    return {{key, {}, Value(text)}};
}

std::string last_line(const std::string& text) {
    std::string body = text.substr(0, text.size() - 1);
    return body.substr(body.rfind('\n') + 1);
}

unsigned hex(std::string_view digits) {
    return static_cast<unsigned>(std::stoul(std::string(digits), nullptr, 16));
}

// sds.c, sdssplitargs()
std::vector<std::string> split_arguments(const std::string& line) {
    std::vector<std::string> arguments;
    std::size_t i = 0;
    while (true) {
        while (i < line.size() && line[i] == ' ') ++i;
        if (i == line.size()) return arguments;
        std::string current;
        if (line[i] == '"') {
            for (++i; i < line.size() && line[i] != '"'; ++i) {
                if (line[i] != '\\') {
                    current += line[i];
                } else if (line[i + 1] == 'x') {
                    current += static_cast<char>(hex(line.substr(i + 2, 2)));
                    i += 3;
                } else {
                    char c = line[++i];
                    current += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
                }
            }
            ++i;
        } else {
            while (i < line.size() && line[i] != ' ') current += line[i++];
        }
        arguments.push_back(current);
    }
}

// guc-file.l, GUC_scanstr()
std::string unquote_postgresql(const std::string& text) {
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\' && text[i + 1] >= '0' && text[i + 1] <= '7') {
            out += static_cast<char>(std::stoul(text.substr(i + 1, 3), nullptr, 8));
            i += 3;
        } else if (text[i] == '\\' || (text[i] == '\'' && text[i + 1] == '\'')) {
            out += text[++i];
        } else {
            EXPECT_NE(text[i], '\'') << text;
            out += text[i];
        }
    }
    return out;
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    } else if (c < 0x10000) {
        out += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
                static_cast<char>(0x80 | (c & 0x3f))};
    } else {
        out += {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3f)),
                static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
    }
}

// java.util.Properties.load(): first unescaped blank, = or : ends the key.
std::pair<std::string, std::string> read_property(const std::string& line) {
    std::string parts[2];
    int part = 0;
    char32_t high = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char c = line[i];
        char32_t point = static_cast<unsigned char>(c);
        EXPECT_LT(point, 0x80U) << line;
        if (part == 0 && (c == '=' || c == ':' || c == ' ')) {
            part = 1;
            while (i + 1 < line.size() && line[i + 1] == ' ') ++i;
            continue;
        }
        if (c == '\\') {
            c = line[++i];
            point = static_cast<unsigned char>(c);
            if (c == 'u') {
                point = hex(line.substr(i + 1, 4));
                i += 4;
            } else if (c == 'n' || c == 'r' || c == 't') {
                point = c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
            }
        }
        if (point >= 0xd800 && point < 0xdc00) {
            high = point;
            continue;
        }
        if (point >= 0xdc00 && point < 0xe000)
            point = 0x10000 + ((high - 0xd800) << 10) + (point - 0xdc00);
        append_utf8(parts[part], point);
    }
    return {parts[0], parts[1]};
}

// XML 1.0: entities and character references of what stands between two tags.
std::string element(const std::string& xml, const std::string& name) {
    std::size_t from = xml.find("<" + name + ">") + name.size() + 2;
    std::string text = xml.substr(from, xml.find("</" + name + ">") - from), out;
    EXPECT_EQ(text.find_first_of("<>\n\r\t"), std::string::npos) << text;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '&') {
            out += text[i];
            continue;
        }
        std::size_t end = text.find(';', i);
        std::string entity = text.substr(i + 1, end - i - 1);
        if (entity[0] == '#')
            out += static_cast<char>(std::stoi(entity.substr(1)));
        else
            out += entity == "amp" ? '&' : entity == "lt" ? '<' : entity == "gt" ? '>' : '?';
        i = end;
    }
    return out;
}

TEST(Redis, reads_hostile_strings_as_one_argument) {
    for (const std::string& text : kHostile)
        EXPECT_EQ(split_arguments(last_line(*write_redis(one("key", text)))),
                  (std::vector<std::string>{"key", text}));
}

TEST(Redis, repeats_a_directive_for_each_item_of_an_array) {
    Value values(
        Table{{"save",
               {},
               Value(Array{Value(Array{Value("3600"), Value(std::int64_t{1})}), Value("a b")})},
              {"lazy", {}, Value(true)}});
    EXPECT_EQ(*write_redis(*values.table()),
              std::string(kFileHeader) + "save 3600 1\nsave \"a b\"\nlazy yes\n");
}

TEST(Redis, refuses_keys_that_would_be_more_than_a_key) {
    EXPECT_EQ(write_redis(one("a b", "x")).error().message,
              "\"a b\" is no directive of redis.conf");
    EXPECT_EQ(write_redis({{"a", {}, Value(Table{})}}).error().message,
              "a is a table, which this format cannot say");
}

TEST(Postgresql, reads_hostile_strings_back) {
    for (const std::string& text : kHostile) {
        std::string line = last_line(*write_postgresql(one("key", text)));
        ASSERT_TRUE(line.starts_with("key = '") && line.ends_with('\'')) << line;
        EXPECT_EQ(unquote_postgresql(line.substr(6)), text);
    }
}

TEST(Postgresql, writes_numbers_and_booleans_bare_and_joins_arrays) {
    Value values(Table{{"a", {}, Value(std::int64_t{5})},
                       {"b", {}, Value(false)},
                       {"c", {}, Value(0.5)},
                       {"d", {}, Value(Array{Value("x"), Value("y z")})}});
    EXPECT_EQ(*write_postgresql(*values.table()),
              std::string(kFileHeader) + "a = 5\nb = false\nc = 0.5\nd = 'x,y z'\n");
    EXPECT_EQ(write_postgresql(one("a = 1\nb", "x")).error().message,
              "\"a = 1\nb\" is no setting of postgresql.conf");
}

TEST(Properties, read_hostile_keys_and_values_back) {
    for (const std::string& text : kHostile) {
        EXPECT_EQ(read_property(last_line(*write_properties(one("key", text)))),
                  (std::pair{std::string("key"), text}));
        if (text.empty()) continue;
        EXPECT_EQ(read_property(last_line(*write_properties(one(text, "v")))),
                  (std::pair{text, std::string("v")}));
    }
}

TEST(Xml, reads_hostile_names_and_values_back) {
    for (const std::string& text : kHostile) {
        std::string xml = *write_xml(one(text, text));
        EXPECT_EQ(element(xml, "name"), text);
        EXPECT_EQ(element(xml, "value"), text);
    }
}

TEST(Xml, refuses_what_it_cannot_say) {
    EXPECT_EQ(write_xml(one("key", "bell\a")).error().message,
              "key has the control character 0x07, which XML cannot say");
}

TEST(TomlFile, reads_hostile_strings_back) {
    for (const std::string& text : kHostile) {
        StackFile file{"f", FileFormat::toml, "", one("key", text)};
        Diagnostics diagnostics;
        EXPECT_EQ(parse_toml(*render_file(file), "f", diagnostics), Value(file.values));
        EXPECT_EQ(test::all_text(diagnostics), "");
    }
}

TEST(TextFile, is_left_as_it_is) {
    for (const std::string& text : kHostile)
        EXPECT_EQ(*render_file({"f", FileFormat::text, text, {}}), text);
}

TEST(RenderFile, names_the_file_in_its_errors) {
    StackFile file{"a.xml", FileFormat::xml, "", {{"k", {}, Value(Array{Value(Table{})})}}};
    EXPECT_EQ(render_file(file).error().message,
              "a.xml: k holds a table, which this format cannot say");
}

// YAML 1.2, 5.7 and 7.3.1: the escapes of a double-quoted scalar that are JSON's too.
std::string read_yaml_quoted(const std::string& text) {
    EXPECT_TRUE(text.size() >= 2 && text.front() == '"' && text.back() == '"') << text;
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        EXPECT_GE(static_cast<unsigned char>(text[i]), 0x20);
        EXPECT_NE(text[i], '"');
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
        case 'n':
            out += '\n';
            break;
        case 't':
            out += '\t';
            break;
        case 'r':
            out += '\r';
            break;
        case 'u': {
            unsigned point = hex(text.substr(i + 1, 4));
            if (point >= 0x80) out += static_cast<char>(0xc0 | point >> 6);
            out += static_cast<char>(point < 0x80 ? point : 0x80 | (point & 0x3f));
            i += 4;
            break;
        }
        default:
            EXPECT_TRUE(text[i] == '"' || text[i] == '\\') << text;
            out += text[i];
        }
    }
    return out;
}

TEST(Yaml, says_every_string) {
    std::vector<std::string> hostile = kHostile;
    hostile.insert(hostile.end(),
                   {"\x01\x7f", "\xc2\x85next line", "- a", "yes", "1.0", "~", "{a: b}"});
    for (const std::string& text : hostile) {
        std::string line = last_line(*write_yaml(one("k", text)));
        ASSERT_TRUE(line.starts_with("\"k\": ")) << line;
        EXPECT_EQ(read_yaml_quoted(line.substr(5)), text) << line;
        line = last_line(*write_yaml(one(text, "v")));
        ASSERT_TRUE(line.ends_with(": \"v\"")) << line;
        EXPECT_EQ(read_yaml_quoted(line.substr(0, line.size() - 5)), text) << line;
    }
}

TEST(Yaml, writes_numbers_and_booleans_plainly_and_arrays_in_one_line) {
    StackFile file{"config.yaml", FileFormat::yaml, "", {}};
    set(file.values, "a.b", std::int64_t{3});
    set(file.values, "c", true);
    set(file.values, "d", 0.5);
    set(file.values, "list", Array{Value("x, y"), Value(std::int64_t{1})});
    set(file.values, "none", Array{});
    EXPECT_EQ(
        *render_file(file),
        "# Written by lakebed. Change lakebed.toml and run `lakebed apply` instead of editing.\n"
        "\"a.b\": 3\n\"c\": true\n\"d\": 0.5\n\"list\": [\"x, y\", 1]\n\"none\": []\n");
}

TEST(Yaml, cannot_say_tables_and_arrays_in_arrays) {
    EXPECT_EQ(write_yaml({{"k", {}, Value(Table{})}}).error().message,
              "k is a table, which this format cannot say");
    EXPECT_EQ(write_yaml({{"k", {}, Value(Array{Value(Array{})})}}).error().message,
              "k has an array in an array, which this format cannot say");
}

} // namespace
} // namespace lakebed
