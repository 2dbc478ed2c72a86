#include "job_file/job_file_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "arithmetic/number.h"
#include "base/nearest.h"
#include "base/text.h"
#include "job_file/job_file_aggregate.h"
#include "job_file/job_file_values.h"
#include "model/aggregate.h"

namespace quern::job_file {
namespace {

// The most records of one child at once: each has its place in memory, and servers have limits of their own.
constexpr std::size_t kMaxConcurrency = 1000;

using Kind = YamlNode::Kind;

struct WorkerKey {
  std::string_view name;
  Shape shape;
};
constexpr std::array kModuleKeys = {WorkerKey{"language", Shape::kText},    WorkerKey{"script", Shape::kText},
                                    WorkerKey{"expression", Shape::kText},  WorkerKey{"arguments", Shape::kList},
                                    WorkerKey{"interface", Shape::kText},   WorkerKey{"env", Shape::kYaml},
                                    WorkerKey{"ok_exit", Shape::kList},     WorkerKey{"per_input", Shape::kText},
                                    WorkerKey{"concurrency", Shape::kText}, WorkerKey{"interpreter", Shape::kText}};
// In `value`, quotes distinguish a constant from a path, so it is always read as YAML, whatever its source.
constexpr std::array kBuiltinKeys = {WorkerKey{"builtin", Shape::kText}, WorkerKey{"key", Shape::kList},
                                     WorkerKey{"value", Shape::kYaml}};
constexpr std::array<std::string_view, 13> kKeyNames = {
    "language",  "script",      "expression",  "arguments", "interface", "env",  "ok_exit",
    "per_input", "concurrency", "interpreter", "builtin",   "key",       "value"};
constexpr std::string_view kPathSyntax = "[]\"'";
constexpr std::uint64_t kMostExitStatus = 255;

// Reads one worker. Each step may fail with a message that begins with the place of the setting.
class WorkerReader {
 public:
  WorkerReader(const WorkerPlace& where, const Settings& settings) : where_(where), settings_(settings) {}

  Result<Worker> read() {
    TRY(refuse_both_kinds());
    Worker worker;
    if (find("builtin") != nullptr) {
      TRY_ASSIGN(worker.builtin, read_builtin());
    } else {
      TRY_ASSIGN(worker.module, read_module());
    }
    return worker;
  }

 private:
  const Given* find(std::string_view key) const {
    auto found = settings_.find(fmt::format("{}.{}", where_.section, key));
    return found == settings_.end() ? nullptr : &found->second;
  }

  std::string label_of(std::string_view key) const {
    return where_.label.empty() ? std::string(key) : fmt::format("{}.{}", where_.label, key);
  }

  // Makes a message about a setting that is present.
  static Error at(const Given& given, std::string_view what) {
    return bad_config(fmt::format("{}: {} {}", given.origin, given.label, what));
  }

  // Makes a message about a missing setting; its place is that of another setting of the worker.
  Error missing(std::string_view key, std::string_view advice) const {
    std::string origin = where_.file_name;
    for (std::string_view other : kKeyNames) {
      if (const Given* given = find(other); given != nullptr) origin = given->origin;
    }
    return bad_config(fmt::format("{}: {} is missing; {}", origin, label_of(key), advice));
  }

  Result<void> refuse_both_kinds() const {
    const Given* builtin = find("builtin");
    for (const WorkerKey& key : kModuleKeys) {
      const Given* given = find(key.name);
      if (builtin == nullptr || given == nullptr) continue;
      return at(*given,
                fmt::format("is next to builtin ({}); a worker is either a script or a builtin. To replace it "
                            "from the command line, set all of it, as in --set '{}={}'",
                            builtin->origin, where_.section,
                            where_.section == "mapper" ? "{language: python, script: mapper.py}" : "{builtin: sum}"));
    }
    for (std::string_view key : {"key", "value"}) {
      const Given* given = find(key);
      if (given != nullptr && builtin == nullptr) return at(*given, "is only for {builtin: pairs}");
    }
    return {};
  }

  template <typename T>
  Result<T> checked(const Given& given, Result<T> value) const {
    if (value.ok()) return value;
    return at(given, value.error().message);
  }

  Result<std::optional<std::size_t>> read_choice(std::string_view key, std::span<const std::string> words) const {
    const Given* given = find(key);
    if (given == nullptr) return std::optional<std::size_t>();
    TRY_ASSIGN(std::size_t choice, checked(*given, choice_of(given->node, words)));
    return std::optional<std::size_t>(choice);
  }

  Result<Module> read_module() const {
    Module module;
    TRY_ASSIGN(module.language, read_language());
    TRY(read_expression(module));
    if (module.expression.empty()) {
      TRY_ASSIGN(module.script, read_script());
    }
    TRY_ASSIGN(module.interface, read_interface(module.language));
    if (!module.expression.empty() && module.interface != Interface::kFunction) {
      return at(*find("interface"), "must be function where there is an expression");
    }
    if (const Given* given = find("arguments"); given != nullptr) {
      TRY_ASSIGN(module.arguments, checked(*given, any_texts_of(given->node)));
    }
    if (const Given* given = find("env"); given != nullptr) {
      TRY_ASSIGN(module.environment, checked(*given, environment_of(given->node)));
    }
    if (const Given* given = find("ok_exit"); given != nullptr) {
      TRY_ASSIGN(module.ok_exit, checked(*given, exits_of(given->node)));
    }
    if (const Given* given = find("per_input"); given != nullptr) {
      TRY_ASSIGN(module.per_input, checked(*given, per_input_of(given->node)));
      if (module.per_input == true && module.interface == Interface::kFunction) {
        return at(*given, "is for the interfaces lines and files; functions get records, not inputs");
      }
    }
    if (const Given* given = find("concurrency"); given != nullptr) {
      TRY_ASSIGN(module.concurrency, checked(*given, count_of(given->node, {.least = 1, .most = kMaxConcurrency})));
      if (module.concurrency > 1 && !module.expression.empty()) {
        return at(*given, "is for an async function, which an expression cannot be; write a script");
      }
      if (module.concurrency > 1 && (where_.section != "mapper" || module.interface != Interface::kFunction)) {
        return at(*given, "is for mappers with the interface function; others work on one record after another");
      }
    }
    if (const Given* given = find("interpreter"); given != nullptr) {
      TRY_ASSIGN(module.interpreter, checked(*given, text_of(given->node)));
      if (module.language == Language::kBinary) {
        return at(*given,
                  "is for python and javascript; quern starts a binary itself, so name its interpreter as its "
                  "script, and the file as the first of its arguments");
      }
    }
    return module;
  }

  Result<Language> read_language() const {
    const Given* given = find("language");
    if (given == nullptr) return missing("language", language_advice());
    const std::vector<std::string> words = worker_words(where_.section, "language");
    std::string_view written = given->node.text;
    auto is_one_of = [&](std::initializer_list<std::string_view> other_names) {
      return std::find(other_names.begin(), other_names.end(), written) != other_names.end();
    };
    std::string meant;
    if (is_one_of({"py", "python2", "python3", "Python3"})) meant = "python";
    if (is_one_of({"js", "JS", "node", "nodejs", "ecmascript", "typescript"})) meant = "javascript";
    if (is_one_of({"sh", "bash", "shell", "program", "executable", "awk", "perl", "ruby", "c", "go", "rust"}))
      meant = "binary";
    if (!meant.empty()) {
      return at(*given, fmt::format("is '{}'; it must be {}; did you mean {}?", written, one_of(words), meant));
    }
    TRY_ASSIGN(std::size_t choice, checked(*given, choice_of(given->node, words)));
    return static_cast<Language>(choice);
  }

  std::string language_advice() const {
    const Given* script = find("script");
    std::string name = script != nullptr ? script->node.text : "mapper.py";
    std::string language = "binary";
    if (name.ends_with(".py")) language = "python";
    for (std::string_view ending : {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"}) {
      if (name.ends_with(ending)) language = "javascript";
    }
    return fmt::format("{} looks like 'language: {}' (the others are python, javascript and binary)", name, language);
  }

  // A function may be an expression instead of a script.
  Result<void> read_expression(Module& module) const {
    const Given* given = find("expression");
    if (given == nullptr) return {};
    TRY_ASSIGN(module.expression, checked(*given, text_of(given->node)));
    if (find("script") != nullptr) return at(*given, "is next to script; keep one of the two");
    if (module.expression.find('\n') != std::string::npos) return at(*given, "has a line end in it; write a script");
    if (module.language == Language::kBinary) return at(*given, "is for language python or javascript");
    return {};
  }

  Result<std::string> read_script() const {
    const Given* given = find("script");
    if (given == nullptr) return missing("script", "it names the file with the code, as in 'script: mapper.py'");
    return checked(*given, text_of(given->node));
  }

  Result<Interface> read_interface(Language language) const {
    TRY_ASSIGN(std::optional<std::size_t> choice, read_choice("interface", worker_words(where_.section, "interface")));
    auto interface = language == Language::kBinary ? Interface::kFiles : Interface::kFunction;
    if (choice.has_value()) interface = static_cast<Interface>(*choice);
    if (interface == Interface::kFiles && where_.section == "combiner") {
      // A binary uses the interface files by default as well.
      return at(*find(choice.has_value() ? "interface" : "language"),
                "makes a combiner with the interface files, and a combiner gets pairs; say interface: lines");
    }
    if (interface == Interface::kFunction && language == Language::kBinary) {
      return at(*find("interface"),
                "cannot be function for language binary; use lines for a program that reads records as lines, files "
                "for one that reads names of files, or say language: python or javascript");
    }
    return interface;
  }

  static Result<EnvironmentRequest> environment_of(const YamlNode& node) {
    EnvironmentRequest request;
    if (node.kind == Kind::kList) {
      TRY_ASSIGN(std::vector<std::string> names, texts_of(node));
      for (std::string& name : names) request.emplace(std::move(name), std::nullopt);
    } else if (node.kind == Kind::kMap) {
      for (const YamlEntry& entry : node.entries) {
        std::optional<std::string>& value = request[entry.key];
        if (entry.value.kind == Kind::kNothing) continue;
        auto text = any_text_of(entry.value);
        if (!text.ok()) return wrong_value(fmt::format("has {}, which {}", entry.key, text.error().message));
        value = std::move(text).value();
      }
    } else if (node.kind != Kind::kNothing) {
      return wrong_value("is text; it must be a map such as {TZ: UTC}, or a list of names that are handed through");
    }
    for (const auto& [name, value] : request) {
      bool is_name = !name.empty() && name.find('=') == std::string::npos && name.find('\0') == std::string::npos;
      if (!is_name) return wrong_value(fmt::format("has '{}', which cannot be the name of a variable", name));
      if (value.has_value() && value->find('\0') != std::string::npos) {
        return wrong_value(fmt::format("has {}, whose value has a NUL byte in it", name));
      }
    }
    return request;
  }

  static Result<std::optional<bool>> per_input_of(const YamlNode& node) {
    if (node.kind == Kind::kText && node.text == "auto") return std::optional<bool>();
    auto flag = flag_of(node);
    if (!flag.ok()) return wrong_value(flag.error().message + ", or auto");
    return std::optional<bool>(flag.value());
  }

  static Result<std::vector<int>> exits_of(const YamlNode& node) {
    std::vector<YamlNode> items = node.items;
    if (node.kind != Kind::kList) items = {node};
    if (node.kind == Kind::kText && node.text.find(',') != std::string::npos) {
      return wrong_value(fmt::format("is '{}'; several are a list, as in [0, 3]", node.text));
    }
    if (items.empty()) return wrong_value("is an empty list: no exit status would count as success");
    std::vector<int> exits;
    for (const YamlNode& item : items) {
      TRY_ASSIGN(std::uint64_t status, count_of(item, {.least = 0, .most = kMostExitStatus}));
      exits.push_back(static_cast<int>(status));
    }
    return exits;
  }

  Result<Builtin> read_builtin() const {
    const Given& given = *find("builtin");
    TRY_ASSIGN(std::string written, checked(given, text_of(given.node)));
    if (where_.section == "mapper") {
      TRY(checked(given, choice_of(given.node, worker_words("mapper", "builtin"))));
      Builtin builtin{.name = std::move(written)};
      TRY(read_pairs(builtin));
      return builtin;
    }
    TRY(refuse_pairs_keys());
    auto builtin = read_aggregate(written);
    if (!builtin.ok()) return at(given, builtin.error().message);
    const std::vector<std::string> words = worker_words(where_.section, "builtin");
    const bool is_possible =
        where_.section != "combiner" || std::find(words.begin(), words.end(), builtin.value().name) != words.end();
    if (is_possible) return builtin;
    return at(given,
              fmt::format("cannot be {}: a combiner may run any number of times over the values of a key, and {} "
                          "would then {}",
                          written, written,
                          written == "count" || written == "mean" ? "count or average its own results"
                                                                  : "see its own results"));
  }

  Result<void> read_pairs(Builtin& builtin) const {
    const Given* key = find("key");
    if (key == nullptr)
      return missing("key", "it is the path into the record that pairs counts by, as in 'key: info.OS'");
    TRY_ASSIGN(builtin.keys, checked(*key, texts_of(key->node)));
    if (builtin.keys.empty()) return at(*key, "is an empty list; it names at least one path into the record");
    builtin.value = "1";
    const Given* value = find("value");
    if (value == nullptr) return {};
    TRY_ASSIGN(builtin.value, checked(*value, any_text_of(value->node)));
    // In YAML, a path with brackets or quotes must be quoted.
    bool has_path_syntax = builtin.value.find_first_of(kPathSyntax) != std::string::npos;
    builtin.value_is_path = !is_json_word(value->node) && (!value->node.quoted || has_path_syntax);
    return {};
  }

  Result<void> refuse_pairs_keys() const {
    for (std::string_view key : {"key", "value"}) {
      if (const Given* given = find(key); given != nullptr) return at(*given, "is only for {builtin: pairs}");
    }
    return {};
  }

  const WorkerPlace& where_;
  const Settings& settings_;
};

// Whether the section is `none` or has no settings.
bool is_missing(const std::string& section, const Settings& settings) {
  if (settings.contains(section)) return true;
  auto next = settings.lower_bound(section + ".");
  return next == settings.end() || !next->first.starts_with(section + ".");
}

std::string show_exits(std::span<const int> exits) {
  std::string list;
  for (int status : exits) list += (list.empty() ? "" : ", ") + std::to_string(status);
  return "[" + list + "]";
}

std::string show_pairs_value(const Builtin& builtin) {
  YamlNode plain{.kind = Kind::kText, .text = builtin.value};
  std::string text = yaml_text(builtin.value);
  if (builtin.value_is_path) return text == builtin.value ? text : show_path(builtin.value);
  if (is_json_word(plain)) return builtin.value;
  return text.starts_with('"') ? text : '"' + text + '"';
}

std::string flow_of_worker(const std::optional<Worker>& worker) {
  std::string map;
  for (const ShownKey& shown : show_worker(worker)) {
    if (shown.key.empty()) return shown.value;
    if (shown.value.empty()) continue;
    map += (map.empty() ? "" : ", ") + shown.key + ": " + shown.value;
  }
  return "{" + map + "}";
}

// Quoted text is a constant, which is rarely what the user means if numbers are needed.
Result<void> check_constant(const Step& step, const StepPlace& where, const Settings& settings) {
  const std::optional<Builtin>& pairs = step.mapper.builtin;
  if (!pairs.has_value() || pairs->value_is_path || parse_number(pairs->value).kind != Number::Kind::kNone) return {};
  for (const std::optional<Worker>* worker : {&step.combiner, &step.reducer}) {
    if (!worker->has_value() || !(*worker)->builtin.has_value()) continue;
    const Aggregation::Kind kind = aggregation_of(*(*worker)->builtin).kind;
    if (!needs_numbers(kind) && kind != Aggregation::Kind::kMin && kind != Aggregation::Kind::kMax) continue;
    return bad_config(
        fmt::format("{}: {}mapper.value is the constant '{}', and {{builtin: {}}} wants numbers; the "
                    "path of a value is written without quotes",
                    settings.at("mapper.value").origin, where.label_prefix, pairs->value, name_of(kind)));
  }
  return {};
}

}  // namespace

std::string show_path(const std::string& written) {
  const std::string path(trimmed(written, " "));
  if (path.find_first_of(kPathSyntax) != std::string::npos) return yaml_text(path);
  std::string quoted = "\"";
  for (char letter : path) {
    if (letter == '\\') quoted += '\\';
    quoted += letter == '.' ? "\".\"" : std::string(1, letter);
  }
  return yaml_text(quoted + '"');
}

std::span<const std::string_view> worker_keys() { return kKeyNames; }

std::vector<std::string> worker_words(std::string_view section, std::string_view key) {
  if (key == "language") return {"python", "javascript", "binary"};
  if (key == "interface") return {"function", "lines", "files"};
  if (key == "per_input") return {"auto", "yes", "no"};
  if (key != "builtin") return {};
  if (section == "mapper") return {"pairs"};
  return aggregation_names(section == "reducer" ? AggregatedBy::kReducer : AggregatedBy::kCombiner);
}

std::optional<Shape> worker_key_shape(std::string_view key) {
  for (const WorkerKey& one : kModuleKeys) {
    if (one.name == key) return one.shape;
  }
  for (const WorkerKey& one : kBuiltinKeys) {
    if (one.name == key) return one.shape;
  }
  return std::nullopt;
}

Result<Worker> build_worker(const WorkerPlace& where, const Settings& settings) {
  return WorkerReader(where, settings).read();
}

Result<Step> build_step(const StepPlace& where, const Settings& settings) {
  auto worker_of = [&](const std::string& section) {
    std::string label = where.is_short && section == "mapper" ? "" : where.label_prefix + section;
    return build_worker({.section = section, .label = label, .file_name = where.file_name}, settings);
  };
  if (is_missing("mapper", settings)) {
    return bad_config(
        fmt::format("{}: {}mapper is missing; it says what to do with the records, as in 'mapper: "
                    "{{language: python, script: mapper.py}}'",
                    where.file_name, where.label_prefix));
  }
  Step step;
  TRY_ASSIGN(step.mapper, worker_of("mapper"));
  if (!is_missing("combiner", settings)) {
    TRY_ASSIGN(step.combiner, worker_of("combiner"));
  }
  if (!is_missing("reducer", settings)) {
    TRY_ASSIGN(step.reducer, worker_of("reducer"));
  }
  TRY(check_constant(step, where, settings));
  if (step.combiner.has_value() && !step.reducer.has_value()) {
    return bad_config(fmt::format("{}: {}combiner needs a reducer: it only shortens what the reducer gets",
                                  settings.lower_bound("combiner.")->second.origin, where.label_prefix));
  }
  return step;
}

Result<std::vector<Step>> build_further_steps(const Given& steps) {
  std::vector<Step> result;
  bool is_empty = steps.node.kind == Kind::kNothing && steps.node.text.empty();
  if (steps.node.kind != Kind::kList && !is_empty) {
    return bad_config(fmt::format("{}: steps is {}; it must be a list of maps with mapper, combiner and reducer",
                                  steps.origin, kind_name(steps.node)));
  }
  // The line of an entry is more precise than the line of `steps:`.
  std::string file_name = steps.origin;
  bool has_lines = steps.node.line > 0;
  if (std::size_t colon = file_name.rfind(':'); has_lines && colon != std::string::npos) file_name.resize(colon);
  for (const YamlNode& entry : steps.node.items) {
    std::string prefix = fmt::format("steps[{}].", result.size());
    if (entry.kind != Kind::kMap) {
      return bad_config(fmt::format("{}: steps[{}] is {}; it must be a map with mapper, combiner and reducer",
                                    place(file_name, entry.line), result.size(), kind_name(entry)));
    }
    TRY_ASSIGN(Settings settings, settings_of_step(entry, file_name, prefix));
    TRY_ASSIGN(Step step, build_step({.label_prefix = prefix, .file_name = place(file_name, entry.line)}, settings));
    result.push_back(std::move(step));
  }
  return result;
}

std::vector<ShownKey> show_worker(const std::optional<Worker>& worker) {
  if (!worker.has_value()) return {{"", "none"}};
  if (worker->builtin.has_value()) {
    const Builtin& builtin = *worker->builtin;
    // `group` and `aggregate` are shown instead.
    if (builtin.name == kColumnsName) return {{"", ""}};
    if (builtin.name != "pairs") return {{"builtin", show_aggregate(builtin)}};
    const std::string key = builtin.keys.size() == 1 ? yaml_text(builtin.keys.front()) : yaml_list(builtin.keys);
    return {{"builtin", builtin.name}, {"key", key}, {"value", show_pairs_value(builtin)}};
  }
  const Module& module = *worker->module;
  return {{"language", std::string(name_of(module.language))},
          module.expression.empty() ? ShownKey{"script", yaml_text(module.script)}
                                    : ShownKey{"expression", yaml_text(module.expression)},
          {"arguments", yaml_list(module.arguments)},
          {"interface", std::string(name_of(module.interface))},
          {"env", yaml_without_values(module.environment)},
          {"ok_exit", show_exits(module.ok_exit)},
          {"per_input", !module.per_input.has_value() ? "auto"
                        : *module.per_input           ? "yes"
                                                      : "no"},
          {"concurrency", std::to_string(module.concurrency)},
          {"interpreter", module.interpreter.empty() ? "" : yaml_text(module.interpreter)}};
}

std::string show_steps(std::span<const Step> steps) {
  std::string list;
  for (const Step& step : steps) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{{mapper: {}, combiner: {}, reducer: {}}}", flow_of_worker(step.mapper),
                        flow_of_worker(step.combiner), flow_of_worker(step.reducer));
  }
  return "[" + list + "]";
}

}  // namespace quern::job_file
