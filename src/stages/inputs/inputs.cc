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
#include "base/shown_url.h"
#include "stages/inputs/advice.h"
#include "stages/inputs/collector.h"
#include "stages/inputs/filter.h"
#include "stages/inputs/glob.h"
#include "stages/inputs/key_pattern.h"
#include "stages/inputs/manifest.h"
#include "stages/inputs/remote.h"
#include "stages/inputs/sizes.h"
#include "stages/inputs/tree_walk.h"

namespace quern::inputs {
namespace {

// How many folders' real paths are cached: the names of a manifest usually share a few folders.
constexpr std::size_t kMostRealFolders = 100'000;
constexpr std::size_t kMostUnpacked = 100'000;  // inputs whose sizes are requested together
constexpr std::size_t kShownBytes = 80;         // of a line that is not a name, in messages
constexpr std::size_t kMaxFilterBytes = std::size_t{1} << 20;
// Asks an index for everything if there is no filter.
constexpr std::string_view kStandardInputFile = "/dev/stdin";
constexpr std::string_view kRecordsAdvice =
    "; quern run and quern try also read records from standard input, with --stdin-records";
constexpr std::string_view kNoFilter = R"({"version":1,"dimensions":[]})";

// Whether it begins with s3://, https:// and so on.
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
  if (scheme == "file://") return bad_config(shown_url(text) + ": write the path without file://");
  return bad_config(shown_url(text) + ": quern reads local files, and s3://, https:// and http:// URLs, but not " +
                    scheme + "; download it first, and name the file");
}

std::string squeeze_slashes(std::string_view text) {
  std::string squeezed;
  for (char byte : text) {
    if (byte != '/' || !squeezed.ends_with('/')) squeezed += byte;
  }
  return squeezed;
}

// The file or folder that a name refers to.
struct Located {
  std::string absolute;   // as named: links are not resolved
  struct stat status {};  // of the target of a link
  bool is_link = false;
};

class Lister {
 public:
  Lister(const InputRequest& request, std::stop_token stop, Collector& found)
      : found_(found),
        stop_(stop),
        standard_input_(request.standard_input),
        own_(request.own_files),
        names_may_be_expanded_(request.names_may_be_expanded),
        remote_(request, found, std::move(stop)) {}
  ~Lister() { found_.use_filter(nullptr); }
  Lister(const Lister&) = delete;
  Lister& operator=(const Lister&) = delete;

  Result<void> add_all(const InputRequest& request);

 private:
  Result<void> use_filter(const Pattern& filter);
  Result<void> add_pattern(const Pattern& pattern);
  Result<void> add_manifest(const Pattern& manifest);
  Result<void> add_index(const Pattern& index);
  using Walks = std::map<std::string, std::vector<std::string>>;  // patterns by the fixed folder at their beginning

  Result<std::optional<Located>> locate(const std::string& name, const std::string& folder) const;
  Result<void> add_glob(const std::string& text, const std::string& folder);
  Result<void> add_named(const std::string& name, const Located& located);
  Result<void> add_file(const std::string& name, const Located& located);
  Result<void> add_below(const std::string& name, const std::string& absolute);
  Result<void> walk(const Walks& walks, const std::string& folder);
  Result<void> add_names(ByteSource& source, const std::string& origin, const std::string& folder);
  Result<void> add_line(const ManifestLine& line, const std::string& folder);
  Result<void> refuse_data(std::string_view name, const std::string& folder);
  Result<void> add_standard_input(const std::string& folder);
  Result<std::string> real_folder(const std::string& absolute);

  Collector& found_;
  const std::stop_token stop_;
  ByteSource* const standard_input_;
  const OwnFiles* const own_;
  const bool names_may_be_expanded_;
  std::optional<Filter> filter_;
  RemoteFinder remote_;
  std::unordered_map<std::string, std::string> real_folders_;
  std::uint64_t matched_folders_ = 0;  // by the current pattern
};

// Returns nothing if it does not exist; an error if that cannot be determined.
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
  if (remote_.takes(pattern.text)) return remote_.add_pattern(pattern.text);
  TRY(refuse_url(pattern.text));
  std::string text = squeeze_slashes(pattern.text);
  found_.begin_pattern(0);
  TRY_ASSIGN(auto located, locate(text, pattern.folder));
  if (located.has_value() && names_may_be_expanded_ && is_left_by_a_run(located->absolute)) {
    found_.leave_out_own(text);
    return {};
  }
  if (located.has_value()) return add_named(text, *located);

  const std::size_t own_before = found_.own_left_out();
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
                   advice_for(text, pattern.folder, std::min(special_at, text.size())) +
                   found_.left_out_since(own_before));
}

Result<void> Lister::add_glob(const std::string& text, const std::string& folder) {
  TRY_ASSIGN(auto alternatives, glob::expand_braces(text.ends_with('/') ? text + "**" : text));
  found_.begin_pattern(folder_bytes(text));
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
      return bad_config(text + ": .. may only come before the first *, ? or [");
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
    TreeWalk tree(patterns, own_, found_);
    TRY(tree.run(name, path));
    matched_folders_ += tree.matched_folders();
  }
  return {};
}

Result<void> Lister::add_named(const std::string& name, const Located& located) {
  if (S_ISREG(located.status.st_mode)) return add_file(name, located);
  if (S_ISDIR(located.status.st_mode)) return add_below(name, located.absolute);
  const std::string advice = " is not a regular file; write its content to a file, and name that file";
  return bad_config(name + advice + std::string(name == kStandardInputFile ? kRecordsAdvice : ""));
}

Result<void> Lister::add_below(const std::string& name, const std::string& absolute) {
  const std::size_t own_before = found_.own_left_out();
  std::size_t count_before = found_.count();
  TRY_ASSIGN(std::string path, real_path(absolute));
  TreeWalk tree({"**"}, own_, found_);
  std::string begin = name.ends_with('/') ? name : name + "/";
  found_.begin_pattern(begin.size());
  TRY(tree.run(begin, path));
  if (found_.count() > count_before) return {};
  return not_found(name + " is a folder without files (those whose names begin with a dot do not count)" +
                   found_.left_out_since(own_before));
}

Result<void> Lister::add_file(const std::string& name, const Located& located) {
  const OwnFiles::File* own = own_ == nullptr ? nullptr : own_->find(located.status);
  if (own != nullptr && !own->role.empty()) return replaced("the input " + name, *own);
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
  if (is_url(manifest.text)) {
    return bad_config(shown_url(manifest.text) + ": a manifest is a local file; download it first, and name the file");
  }
  std::string path = manifest.text.starts_with('/') ? manifest.text : manifest.folder + "/" + manifest.text;
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY).context("reading the manifest " + manifest.text));
  FdSource source(std::move(fd));
  return add_names(source, manifest.text, manifest.folder);
}

Result<void> Lister::add_standard_input(const std::string& folder) {
  if (standard_input_ == nullptr) return bad_config("\"-\" means names on standard input, which is not open here");
  return read_manifest(*standard_input_, "standard input", [&](const ManifestLine& line) -> Result<void> {
    if (line.number == 1) TRY(refuse_data(line.name, folder));
    return add_line(line, folder);
  });
}

// A name that names no file and looks like a record most likely is one: records were given where names are expected.
Result<void> Lister::refuse_data(std::string_view name, const std::string& folder) {
  if (name.find_first_of("{[, \t") == std::string_view::npos || remote_.takes(std::string(name))) return {};
  TRY_ASSIGN(auto located, locate(std::string(name), folder));
  if (located.has_value()) return {};
  return bad_config(
      "'" + shown_url(name).substr(0, kShownBytes) +
      "' is not the name of a file; - reads names, one a line; write records to a file, and name that file" +
      std::string(kRecordsAdvice));
}

Result<void> Lister::add_names(ByteSource& source, const std::string& origin, const std::string& folder) {
  return read_manifest(source, origin, [&](const ManifestLine& line) { return add_line(line, folder); });
}

Result<void> Lister::add_line(const ManifestLine& line, const std::string& folder) {
  std::string name(line.name);
  if (remote_.takes(name)) return remote_.add_line(name, line.size_bytes);
  TRY(refuse_url(name));
  found_.begin_pattern(0);
  TRY_ASSIGN(auto located, locate(name, folder));
  if (!located.has_value()) {
    // A list may be older than its files. A missing file is an input that fails, and the job says how many may fail.
    found_.add(name, name.starts_with('/') ? name : folder + "/" + name, "", line.size_bytes.value_or(0));
    return {};
  }
  if (!S_ISREG(located->status.st_mode)) return bad_config(name + " is not a regular file; a list names files");
  auto size_bytes = static_cast<std::uint64_t>(located->status.st_size);
  if (line.size_bytes.has_value() && *line.size_bytes != size_bytes) {
    return bad_input(name + " has " + std::to_string(size_bytes) + " bytes, but the list says " +
                     std::to_string(*line.size_bytes) + ": it is not complete, or the list is old");
  }
  return add_file(name, *located);
}

Result<void> Lister::use_filter(const Pattern& filter) {
  std::string path = filter.text.starts_with('/') ? filter.text : filter.folder + "/" + filter.text;
  auto text = read_file(path, kMaxFilterBytes);
  if (!text.ok()) return std::move(text).error().with_context("reading the filter");
  TRY_ASSIGN(filter_, Filter::parse(text.value(), filter.text));
  found_.use_filter(&*filter_);
  return {};
}

Result<void> Lister::add_index(const Pattern& index) {
  found_.use_filter(nullptr);
  return remote_.add_index(index.text, filter_.has_value() ? std::string_view(filter_->json()) : kNoFilter);
}

Result<void> Lister::add_all(const InputRequest& request) {
  if (request.filter.has_value()) TRY(use_filter(*request.filter).context(request.filter->origin));
  TRY(remote_.ask_ahead(request.patterns));
  for (const Pattern& pattern : request.patterns) TRY(add_pattern(pattern).context(pattern.origin));
  if (request.manifest.has_value()) TRY(add_manifest(*request.manifest).context(request.manifest->origin));
  if (request.index.has_value()) TRY(add_index(*request.index).context(request.index->origin));
  return {};
}

Result<PackedInputs> with_sizes(PackedInputs inputs, const RemotePeers& peers, const std::stop_token& stop) {
  PackedInputs sized;
  PackedInputs::Reader reader(std::move(inputs));
  const InputView* input = reader.next();
  while (input != nullptr) {
    std::vector<Input> some;
    for (; input != nullptr && some.size() < kMostUnpacked; input = reader.next())
      some.push_back(input->as<SharedText>());
    TRY(ask_sizes(peers, some, stop));
    for (const Input& each : some) sized.append(each);
  }
  return sized;
}

Result<void> find_inputs(const InputRequest& request, const std::stop_token& stop, Collector& found) {
  if (request.patterns.empty() && !request.manifest.has_value() && !request.index.has_value()) {
    return bad_config("there are no inputs; name files, folders or patterns under inputs: in the job file, or with -i");
  }
  TRY(Lister(request, stop, found).add_all(request));
  if (found.count() > 0 && found.count() == found.filtered_out()) {
    return not_found("the filter " + request.filter->text + " leaves none of " + std::to_string(found.count()) +
                     " inputs")
        .with_context(request.filter->origin);
  }
  if (found.count() == 0) {
    const Pattern& named = request.manifest.has_value() ? *request.manifest
                           : request.index.has_value()  ? *request.index
                                                        : request.patterns.front();
    std::string kind = request.manifest.has_value() ? "the manifest " : request.index.has_value() ? "the index " : "";
    return not_found((named.text == "-" ? "standard input" : kind + shown_url(named.text)) + " names no input")
        .with_context(named.origin);
  }
  return {};
}

}  // namespace

Result<InputList> list_inputs(const InputRequest& request, const std::stop_token& stop) {
  Collector found;
  TRY(find_inputs(request, stop, found));
  TRY_ASSIGN(InputList list, found.finish());
  if (request.peers.asks_sizes && list.inputs.of_unknown_size() > 0) {
    TRY_ASSIGN(list.inputs, with_sizes(std::move(list.inputs), request.peers, stop));
  }
  return list;
}

}  // namespace quern::inputs
