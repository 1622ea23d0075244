#include "pipeline/folder_rules.hpp"

#include <algorithm>
#include <climits>
#include <clocale>
#include <cwchar>
#include <cwctype>
#include <fcntl.h>
#include <linux/fs.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/guarded_folder.hpp"
#include "base/text.hpp"

namespace cytofleet {
namespace {

namespace fs = std::filesystem;

/// The same with the case of its ASCII letters changed; nothing when it has none.
std::optional<std::string> other_case(std::string name) {
    bool letters = false;
    for (char& c : name) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            c = static_cast<char>(c ^ 0x20);
            letters = true;
        }
    }
    return letters ? std::optional(name) : std::nullopt;
}

bool is_listed(const fs::path& folder, const std::string& name) {
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
        if (it->path().filename() == name) return true;
    return false;
}

bool is_marked(const fs::path& folder) {
#ifdef FS_CASEFOLD_FL
    const Descriptor open_folder(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int flags = 0;  // the kernel writes an int, whatever the header says
    return open_folder && ioctl(open_folder.number(), FS_IOC_GETFLAGS, &flags) == 0 &&
           (flags & FS_CASEFOLD_FL) != 0;
#else
    return false;
#endif
}

}  // namespace

fs::path nearest_folder(fs::path folder) {
    struct stat facts {};
    while (stat(folder.c_str(), &facts) != 0 && folder.has_relative_path())
        folder = folder.parent_path();
    return folder;
}

bool ignores_case(const fs::path& folder) {
    if (is_marked(folder)) return true;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        const auto other = other_case(it->path().filename());
        if (!other) continue;
        struct stat facts {};
        // Two names may be links to one file.
        return lstat((folder / *other).c_str(), &facts) == 0 && !is_listed(folder, *other);
    }
    // An empty folder is as the one that it lies in.
    return folder.has_relative_path() && ignores_case(folder.parent_path());
}

std::string without_case(const std::string& name) {
    static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode == nullptr) return lower(name);
    const locale_t before = uselocale(unicode);
    std::string out;
    std::mbstate_t in_state{};
    std::mbstate_t out_state{};
    for (std::size_t at = 0; at < name.size();) {
        wchar_t letter = 0;
        const std::size_t bytes =
            std::mbrtowc(&letter, name.data() + at, name.size() - at, &in_state);
        char small[MB_LEN_MAX];
        const std::size_t got =
            bytes == 0 || bytes > name.size()
                ? bytes
                : std::wcrtomb(
                      small, static_cast<wchar_t>(std::towlower(static_cast<std::wint_t>(letter))),
                      &out_state);
        if (got == 0 || got > sizeof(small)) {  // no UTF-8: the byte as it is
            out += name[at++];
            in_state = out_state = {};
            continue;
        }
        out.append(small, got);
        at += bytes;
    }
    uselocale(before);
    return out;
}

std::size_t longest_name(const fs::path& folder) {
    std::error_code failed;
    const fs::path full = fs::absolute(folder.empty() ? fs::path(".") : folder, failed);
    const long most = pathconf(nearest_folder(full).c_str(), _PC_NAME_MAX);
    return most > 0 ? static_cast<std::size_t>(most) : NAME_MAX;
}

}  // namespace cytofleet
