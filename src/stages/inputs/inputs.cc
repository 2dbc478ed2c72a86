#include "stages/inputs/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "stages/inputs/advice.h"
#include "stages/inputs/collector.h"
#include "stages/inputs/glob.h"
#include "stages/inputs/manifest.h"
#include "stages/inputs/tree_walk.h"

namespace quern::inputs {
namespace {

// Folders whose real path is remembered: the names of a manifest usually share a few.
constexpr std::size_t kMostRealFolders = 100'000;

Error bad_config(std::string message) { return Error{.kind = ErrorKind::kBadConfig, .message = std::move(message)}; }
Error not_found(std::string message) { return Error{.kind = ErrorKind::kNotFound, .message = std::move(message)}; }

// s3://, https:// and so on.
bool is_url(std::string_view text) {
  std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(text[0])) == 0)
    return false;
  for (unsigned char byte : text.substr(0, colon)) {
    if (std::isalnum(byte) == 0 && byte != '+' && byte != '-' && byte != '.') return false;
  }
  return true;
}

Result<void> refuse_url(std::string_view text) {
  if (!is_url(text)) return {};
  std::string scheme(text.substr(0, text.find("://") + 3));
  if (scheme == "file://") return bad_config(std::string(text) + ": write the path without file://");
  return bad_config(std::string(text) + ": this version reads local files only; " + scheme +
                    " inputs come with a later version. Download them first, and name the files");
}

std::string squeeze_slashes(std::string_view text) {
  std::string squeezed;
  for (char byte : text) {
    if (byte != '/' || !squeezed.ends_with('/')) squeezed += byte;
  }
  return squeezed;
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target); }

 private:
  const Fd fd_;
};

// Something that a name leads to.
struct Located {
  std::string absolute;   // as named, so with links
  struct stat status {};  // behind links
  bool is_link = false;
};

class Lister {
 public:
  explicit Lister(ByteSource* standard_input) : standard_input_(standard_input) {}

  Result<void> add_pattern(const Pattern& pattern);
  Result<void> add_manifest(const Pattern& manifest);
  std::size_t count() const { return found_.count(); }
  Result<InputList> finish() { return found_.finish(); }

 private:
  using Walks = std::map<std::string, std::vector<std::string>>;  // patterns by the fixed folder before them

  Result<std::optional<Located>> locate(const std::string& name, const std::string& folder) const;
  Result<void> add_glob(const std::string& text, const std::string& folder);
  Result<void> add_named(const std::string& name, const Located& located);
  Result<void> add_file(const std::string& name, const Located& located);
  Result<void> add_below(const std::string& name, const std::string& absolute);
  Result<void> walk(const Walks& walks, const std::string& folder);
  Result<void> add_names(ByteSource& source, const std::string& origin, const std::string& folder);
  Result<void> add_line(const ManifestLine& line, const std::string& folder);
  Result<void> add_standard_input(const std::string& folder);
  Result<std::string> real_folder(const std::string& absolute);

  ByteSource* const standard_input_;
  Collector found_;
  std::unordered_map<std::string, std::string> real_folders_;
  std::uint64_t matched_folders_ = 0;  // of the pattern at hand
};

// Nothing if it is not there; an error if that cannot be known.
Result<std::optional<Located>> Lister::locate(const std::string& name, const std::string& folder) const {
  Located located{.absolute = name.starts_with('/') ? name : folder + "/" + name};
  if (::lstat(located.absolute.c_str(), &located.status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG) return std::optional<Located>();
    return os_error(name, errno);
  }
  located.is_link = S_ISLNK(located.status.st_mode);
  if (located.is_link && ::stat(located.absolute.c_str(), &located.status) != 0) {
    return os_error(name + ": the link leads nowhere", errno);
  }
  return std::optional<Located>(std::move(located));
}

Result<void> Lister::add_pattern(const Pattern& pattern) {
  if (pattern.text.empty()) return bad_config("the name of an input is empty");
  if (pattern.text == "-") return add_standard_input(pattern.folder);
  TRY(refuse_url(pattern.text));
  std::string text = squeeze_slashes(pattern.text);
  TRY_ASSIGN(auto located, locate(text, pattern.folder));
  if (located.has_value()) return add_named(text, *located);

  std::size_t count_before = found_.count();
  matched_folders_ = 0;
  TRY(add_glob(text, pattern.folder));
  if (found_.count() > count_before) return {};
  if (matched_folders_ > 0) {
    return not_found(pattern.text + " matches no file but " + std::to_string(matched_folders_) +
                     (matched_folders_ == 1 ? " folder" : " folders") + "; end it with / to take everything below");
  }
  std::size_t special_at = std::min(glob::first_wildcard(text), text.find('{'));
  bool is_pattern = special_at != std::string::npos;
  return not_found(pattern.text + (is_pattern ? " matches no file" : " is not there") +
                   advice_for(text, pattern.folder, std::min(special_at, text.size())));
}

Result<void> Lister::add_glob(const std::string& text, const std::string& folder) {
  TRY_ASSIGN(auto alternatives, glob::expand_braces(text.ends_with('/') ? text + "**" : text));
  Walks walks;
  for (const std::string& alternative : alternatives) {
    std::size_t wildcard_at = glob::first_wildcard(alternative);
    if (wildcard_at == std::string::npos) {
      std::string name = glob::unescape(alternative);
      if (name.empty()) continue;
      TRY_ASSIGN(auto located, locate(name, folder));
      if (located.has_value()) TRY(add_named(name, *located));
      continue;
    }
    std::size_t slash = alternative.rfind('/', wildcard_at);
    std::size_t fixed_bytes = slash == std::string::npos ? 0 : slash + 1;
    std::string rest = alternative.substr(fixed_bytes);
    if (("/" + rest + "/").find("/../") != std::string::npos) {
      return bad_config(text + ": .. may only stand before the first *, ? or [");
    }
    walks[glob::unescape(alternative.substr(0, fixed_bytes))].push_back(std::move(rest));
  }
  return walk(walks, folder);
}

Result<void> Lister::walk(const Walks& walks, const std::string& folder) {
  for (const auto& [name, patterns] : walks) {
    TRY_ASSIGN(auto located, locate(name, folder));
    if (!located.has_value() || !S_ISDIR(located->status.st_mode)) continue;
    TRY_ASSIGN(std::string path, real_path(located->absolute));
    TreeWalk tree(patterns, found_);
    TRY(tree.run(name, path));
    matched_folders_ += tree.matched_folders();
  }
  return {};
}

Result<void> Lister::add_named(const std::string& name, const Located& located) {
  if (S_ISREG(located.status.st_mode)) return add_file(name, located);
  if (S_ISDIR(located.status.st_mode)) return add_below(name, located.absolute);
  return bad_config(name + " is no regular file; quern reads files, and names of files on standard input");
}

Result<void> Lister::add_below(const std::string& name, const std::string& absolute) {
  std::size_t count_before = found_.count();
  TRY_ASSIGN(std::string path, real_path(absolute));
  TreeWalk tree({"**"}, found_);
  TRY(tree.run(name.ends_with('/') ? name : name + "/", path));
  if (found_.count() > count_before) return {};
  return not_found(name + " is a folder without files (those whose names begin with a dot do not count)");
}

Result<void> Lister::add_file(const std::string& name, const Located& located) {
  if (int error = check_readable(AT_FDCWD, located.absolute.c_str(), located.status)) return os_error(name, error);
  std::size_t slash = located.absolute.rfind('/');
  TRY_ASSIGN(std::string path, real_folder(located.absolute.substr(0, slash + 1)));
  if (!path.ends_with('/')) path += '/';
  path.append(located.absolute, slash + 1);
  std::string target;
  if (located.is_link) {
    TRY_ASSIGN(target, real_path(path));
  }
  found_.add(name, std::move(path), std::move(target), static_cast<std::uint64_t>(located.status.st_size));
  return {};
}

Result<std::string> Lister::real_folder(const std::string& absolute) {
  auto known = real_folders_.find(absolute);
  if (known != real_folders_.end()) return known->second;
  TRY_ASSIGN(std::string real, real_path(absolute));
  if (real_folders_.size() >= kMostRealFolders) real_folders_.clear();
  real_folders_.emplace(absolute, real);
  return real;
}

Result<void> Lister::add_manifest(const Pattern& manifest) {
  if (manifest.text == "-") return add_standard_input(manifest.folder);
  TRY(refuse_url(manifest.text));
  std::string path = manifest.text.starts_with('/') ? manifest.text : manifest.folder + "/" + manifest.text;
  auto fd = open_file(path, O_RDONLY);
  if (!fd.ok()) return os_error("reading the manifest " + manifest.text, fd.error().code);
  FileSource source(std::move(fd).value());
  return add_names(source, manifest.text, manifest.folder);
}

Result<void> Lister::add_standard_input(const std::string& folder) {
  if (standard_input_ == nullptr) return bad_config("\"-\" stands for names on standard input, which is not open here");
  return add_names(*standard_input_, "standard input", folder);
}

Result<void> Lister::add_names(ByteSource& source, const std::string& origin, const std::string& folder) {
  return read_manifest(source, origin, [&](const ManifestLine& line) { return add_line(line, folder); });
}

Result<void> Lister::add_line(const ManifestLine& line, const std::string& folder) {
  TRY(refuse_url(line.name));
  std::string name(line.name);
  TRY_ASSIGN(auto located, locate(name, folder));
  if (!located.has_value()) {
    // A list may be older than its files: one that is gone is an input that fails, and the job says how many may.
    found_.add(name, name.starts_with('/') ? name : folder + "/" + name, "", line.size_bytes.value_or(0));
    return {};
  }
  if (!S_ISREG(located->status.st_mode)) return bad_config(name + " is no regular file; a list names files");
  auto size_bytes = static_cast<std::uint64_t>(located->status.st_size);
  if (line.size_bytes.has_value() && *line.size_bytes != size_bytes) {
    return Error{.kind = ErrorKind::kBadInput,
                 .message = name + " has " + std::to_string(size_bytes) + " bytes, but the list says " +
                            std::to_string(*line.size_bytes) + ": it is not complete, or the list is old"};
  }
  return add_file(name, *located);
}

}  // namespace

Result<InputList> list_inputs(const InputRequest& request) {
  if (request.patterns.empty() && !request.manifest.has_value()) {
    return bad_config("there are no inputs; name files, folders or patterns under inputs: in the job file, or with -i");
  }
  Lister lister(request.standard_input);
  for (const Pattern& pattern : request.patterns) TRY(lister.add_pattern(pattern).context(pattern.origin));
  if (request.manifest.has_value()) TRY(lister.add_manifest(*request.manifest).context(request.manifest->origin));
  if (lister.count() == 0) {
    const Pattern& named = request.manifest.has_value() ? *request.manifest : request.patterns.front();
    std::string what = named.text == "-" ? "standard input" : "the manifest " + named.text;
    return not_found(what + " names no input").with_context(named.origin);
  }
  return lister.finish();
}

}  // namespace quern::inputs
