// Archives made in a test, hostile ones included: libarchive writes whatever it is told.
#pragma once

#include <string>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

namespace lakebed::test {

struct ArchiveMember {
    std::string name;
    std::string content;
    std::uint32_t type = AE_IFREG;
    std::uint32_t mode = 0644;
    std::string link;      // target of a symbolic link
    std::string hard_link; // not empty: a hard link to it
};

enum class ArchiveKind { tar, tar_gz, tar_xz, zip };

inline std::string make_archive(ArchiveKind kind, const std::vector<ArchiveMember>& members) {
    std::string bytes(std::size_t{16} << 20, '\0');
    std::size_t used = 0;
    archive* writer = archive_write_new();
    if (kind == ArchiveKind::zip)
        archive_write_set_format_zip(writer);
    else
        archive_write_set_format_pax_restricted(writer);
    if (kind == ArchiveKind::tar_gz) archive_write_add_filter_gzip(writer);
    if (kind == ArchiveKind::tar_xz) archive_write_add_filter_xz(writer);
    archive_write_set_bytes_in_last_block(writer, 1);
    archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
    for (const ArchiveMember& member : members) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, member.name.c_str());
        archive_entry_set_filetype(entry, member.type);
        archive_entry_set_perm(entry, member.mode);
        archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
        if (!member.link.empty()) archive_entry_set_symlink(entry, member.link.c_str());
        if (!member.hard_link.empty()) archive_entry_set_hardlink(entry, member.hard_link.c_str());
        archive_write_header(writer, entry);
        archive_write_data(writer, member.content.data(), member.content.size());
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    bytes.resize(used);
    return bytes;
}

} // namespace lakebed::test
