#include "job_file/job_file_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "job_file/job_file_yaml_hints.h"

namespace quern::job_file {
namespace {

// The largest tree, with aliases expanded: otherwise one kilobyte of nested aliases could fill the memory.
constexpr std::size_t kMaxTreeBytes = 32UL << 20;

std::size_t weight(const YamlNode& node) {
  std::size_t sum = sizeof(YamlNode) / 2 + node.text.size();
  for (const YamlNode& item : node.items) sum += weight(item);
  for (const YamlEntry& entry : node.entries) sum += entry.key.size() + weight(entry.value);
  return sum;
}

// Builds the tree from the parser's events. The library calls it, so it must not throw: it keeps the first error and
// ignores the rest.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlSource& source) : source_(source) {}

  std::size_t documents() const { return documents_; }
  const std::optional<Error>& error() const { return error_; }
  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    ++documents_;
    if (documents_ == 2) fail(mark, "a second document begins here (---); a job file is one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node = node_at(mark, YamlNode::Kind::kNothing);
    node.text = null_text_at(static_cast<std::size_t>(mark.pos));
    add(mark, std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return fail(mark, "this alias (*) is inside what it repeats");
    add(mark, found->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = node_at(mark, YamlNode::Kind::kText);
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    node.text = value;
    if (auto problem = problem_of_scalar(source_.text, static_cast<std::size_t>(mark.pos), value); !problem.empty()) {
      return fail(mark, problem);
    }
    add(mark, std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({node_at(mark, YamlNode::Kind::kList), anchor, {}, 0, false});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({node_at(mark, YamlNode::Kind::kMap), anchor, {}, 0, false});
  }
  void OnMapEnd() override {
    if (!error_.has_value()) merge(open_.back().node);
    close();
  }

 private:
  // A list or map that is still being read.
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::string key;  // for a map: a key that was read and whose value was not read yet
    int key_line = 0;
    bool has_key = false;
  };

  YamlNode node_at(const YAML::Mark& mark, YamlNode::Kind kind) const {
    YamlNode node;
    node.kind = kind;
    node.line = source_.has_lines ? mark.line + 1 : 0;
    return node;
  }

  void fail(const YAML::Mark& mark, std::string_view what) {
    fail_at(node_at(mark, YamlNode::Kind::kNothing).line, what);
  }
  void fail_at(int line, std::string_view what) {
    if (error_.has_value()) return;
    error_ = bad_config(fmt::format("{}: {}", place(source_.name, line), what));
  }

  // The null that is written at this position, or "" if nothing is written.
  std::string null_text_at(std::size_t position) const {
    if (position >= source_.text.size()) return "";
    for (std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (source_.text.substr(position).starts_with(word)) return std::string(word);
    }
    return "";
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add_node(std::move(done.node), done.anchor);
  }

  void add(const YAML::Mark& mark, YamlNode node, YAML::anchor_t anchor) {
    if (error_.has_value()) return;
    tree_bytes_ += weight(node);
    if (tree_bytes_ > kMaxTreeBytes) return fail(mark, "the job file is too large once its aliases are written out");
    add_node(std::move(node), anchor);
  }

  void add_node(YamlNode node, YAML::anchor_t anchor) {
    if (error_.has_value()) return;
    if (anchor != 0) {
      tree_bytes_ += weight(node);
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.kind == YamlNode::Kind::kList) {
      open_.back().node.items.push_back(std::move(node));
    } else {
      add_to_map(open_.back(), std::move(node));
    }
  }

  void add_to_map(Open& map, YamlNode node) {
    if (map.has_key) {
      map.has_key = false;
      map.node.entries.push_back({std::move(map.key), map.key_line, std::move(node)});
      return;
    }
    if (node.kind == YamlNode::Kind::kList || node.kind == YamlNode::Kind::kMap) {
      return fail_at(node.line, fmt::format("{} cannot be the name of a setting; a value that begins with a bracket or "
                                            "a brace must be in quotes",
                                            kind_name(node)));
    }
    map.has_key = true;
    map.key = std::move(node.text);
    map.key_line = node.line;
  }

  // `<<: *other` adds the entries that the map itself does not set.
  void merge(YamlNode& map) {
    auto found = std::find_if(map.entries.begin(), map.entries.end(), [](const YamlEntry& e) { return e.key == "<<"; });
    if (found == map.entries.end()) return;
    YamlEntry entry = std::move(*found);
    map.entries.erase(found);
    std::vector<YamlNode> others;
    if (entry.value.kind == YamlNode::Kind::kList) {
      others = std::move(entry.value.items);
    } else {
      others.push_back(std::move(entry.value));
    }
    std::set<std::string> keys;
    for (const YamlEntry& own : map.entries) keys.insert(own.key);
    for (YamlNode& other : others) {
      if (other.kind != YamlNode::Kind::kMap) return fail_at(entry.line, "<< takes maps only, as in <<: *name");
      for (YamlEntry& added : other.entries) {
        if (keys.insert(added.key).second) map.entries.push_back(std::move(added));
      }
    }
  }

  const YamlSource& source_;
  std::size_t documents_ = 0;
  std::size_t tree_bytes_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  std::optional<Error> error_;
};

Result<void> refuse_doubles(const YamlNode& node, const std::string& path, std::string_view name) {
  std::map<std::string_view, int> lines;
  for (const YamlEntry& entry : node.entries) {
    auto [first, is_new] = lines.emplace(entry.key, entry.line);
    std::string full = path.empty() ? entry.key : path + "." + entry.key;
    if (!is_new) {
      std::string where = first->second > 0 ? fmt::format("; line {} has it first", first->second) : "";
      return bad_config(fmt::format("{}: {} is set twice{}", place(name, entry.line), full, where));
    }
    TRY(refuse_doubles(entry.value, full, name));
  }
  for (const YamlNode& item : node.items) TRY(refuse_doubles(item, path, name));
  return {};
}

Result<YamlNode> build_tree(const YamlSource& source) {
  TreeBuilder builder(source);
  try {
    std::istringstream stream{std::string(source.text)};
    YAML::Parser parser(stream);
    while (!builder.error().has_value() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& exception) {
    if (builder.error().has_value()) return *builder.error();
    YamlComplaint complaint{.message = exception.msg, .line = exception.mark.line, .column = exception.mark.column};
    return bad_config(explain(source, complaint));
  } catch (const std::exception& exception) {
    return bad_config(fmt::format("{}: {}", source.name, exception.what()));
  }
  if (builder.error().has_value()) return *builder.error();
  return builder.take_root();
}

}  // namespace

std::string place(std::string_view name, int line) {
  return line > 0 ? fmt::format("{}:{}", name, line) : std::string(name);
}

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNothing:
      return node.text.empty() ? "empty" : "null";
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

Result<YamlNode> parse_yaml(const YamlSource& source) {
  YamlSource cleaned = source;
  if (cleaned.text.starts_with("\xef\xbb\xbf")) cleaned.text.remove_prefix(3);
  TRY(refuse_binary(cleaned));
  const std::string text = with_quoted_separator(cleaned.text);
  cleaned.text = text;
  TRY_ASSIGN(YamlNode root, build_tree(cleaned));
  TRY(refuse_doubles(root, "", source.name));
  return root;
}

}  // namespace quern::job_file
