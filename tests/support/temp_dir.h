// TempDir: a directory of its own for one test, removed at its end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace lakebed::test {

class TempDir {
  public:
    TempDir() : path_(base() + "/lakebed-test-XXXXXX") {
        if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp failed");
    }
    ~TempDir() {
        std::error_code ignored; // a test that made something unremovable has failed by itself
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + '/' + name;
    }

    // Writes a file below it and returns its path.
    std::string write(const std::string& name, const std::string& content) const {
        std::string file = path_ + '/' + name;
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }

  private:
    // In memory where that is possible: what we write is synced often, and a disk would make the
    // tests wait for it. TMPDIR overrules.
    static std::string base() {
        const char* wanted = std::getenv("TMPDIR");
        bool memory = !wanted && std::filesystem::is_directory("/dev/shm");
        return memory ? "/dev/shm" : std::filesystem::temp_directory_path().string();
    }

    std::string path_;
};

} // namespace lakebed::test
