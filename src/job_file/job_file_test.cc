#include "job_file/job_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace quern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kShortForm = "language: python\nscript: mapper.py\n";

JobSources sources_of(const std::string& text, std::vector<std::string> settings = {}) {
  return {.path = "job.yml", .folder = "/job", .text = text, .settings = std::move(settings)};
}

JobFile parsed(const JobSources& sources) {
  auto job = parse_job(sources);
  EXPECT_TRUE(job.ok()) << sources.text << "\n" << (job.ok() ? "" : job.error().message);
  return job.ok() ? std::move(job).value() : JobFile{.job = {.steps = {Step{.mapper = {.module = Module{}}}}}};
}
// The short form with additional lines.
Job job_with(const std::string& lines, std::vector<std::string> settings = {}) {
  return parsed(sources_of(kShortForm + lines, std::move(settings))).job;
}
std::string error_of(const JobSources& sources) {
  auto job = parse_job(sources);
  if (job.ok()) return "";
  EXPECT_EQ(job.error().kind, ErrorKind::kBadConfig);
  return job.error().message;
}
std::string error_with(const std::string& lines, std::vector<std::string> settings = {}) {
  return error_of(sources_of(kShortForm + lines, std::move(settings)));
}
const SettingOrigin& shown(const JobFile& job, const std::string& key) {
  static const SettingOrigin missing{"", "MISSING", "MISSING"};
  for (const SettingOrigin& setting : job.settings) {
    if (setting.key == key) return setting;
  }
  return missing;
}

TEST(JobFile, TakesTheShortForm) {
  Job job = parsed(sources_of("language: python          # python | javascript | binary\n"
                              "script: \"mapper.py\"\narguments: []\n"))
                .job;
  ASSERT_EQ(job.steps.size(), 1U);
  const Module& module = *job.steps[0].mapper.module;
  EXPECT_EQ(module.language, Language::kPython);
  EXPECT_EQ(module.script, "mapper.py");
  EXPECT_EQ(module.interface, Interface::kFunction);
  EXPECT_FALSE(job.steps[0].reducer.has_value());
  EXPECT_EQ(job.file, "job.yml");
  EXPECT_EQ(job.folder, "/job");
}

TEST(JobFile, TakesEveryKeyOfTheFullForm) {
  Job job = parsed(sources_of(R"(
mapper:   {language: python, script: m.py, arguments: [a, 1.10], interface: lines, env: {TZ: UTC, HOME: }, ok_exit: [0, 1], per_input: yes}
combiner: {builtin: sum}
reducer:  {builtin: top:10}
inputs:
  - s3://bucket/prefix/**/*.xz
  - data/*.zst
manifest: files.txt
filter: Filter.json
decompress: zst
record: json
fields: [info.OS]
where: {info.appName: [Firefox]}
separator: "\t"
values: iterator
steps:
  - mapper: {builtin: pairs, key: info.OS, value: 1}
    reducer: {language: javascript, script: r.js}
reducers: 4
output: out.txt
result: {parts: keep}
downloads: {parallel: 3, attempts: 4, patience: 90s, directory: dl, keep: true, address: host, requester_pays: yes}
limits: {processes: 2, memory: 256MiB, attempts: 7, bad_records: 1_000, failed_inputs: 2, timeout: 1h30m}
owner: someone@example.com
notify: {via: smtp, on: [failed]}
taskcluster: {load: {bytes: 1GiB, files: 50}}
)"))
                .job;
  const Module& mapper = *job.steps[0].mapper.module;
  EXPECT_THAT(mapper.arguments, ElementsAre("a", "1.10"));
  EXPECT_EQ(mapper.interface, Interface::kLines);
  EXPECT_EQ(mapper.environment, (EnvironmentRequest{{"TZ", "UTC"}, {"HOME", std::nullopt}}));
  EXPECT_THAT(mapper.ok_exit, ElementsAre(0, 1));
  EXPECT_EQ(mapper.per_input, true);
  EXPECT_EQ(parsed(sources_of("mapper: {language: binary, script: m, per_input: auto}"))
                .job.steps[0]
                .mapper.module->per_input,
            std::nullopt);
  EXPECT_EQ(job.steps[0].combiner->builtin->name, "sum");
  EXPECT_EQ(job.steps[0].reducer->builtin->name, "top");
  EXPECT_EQ(job.steps[0].reducer->builtin->top_count, 10U);
  ASSERT_EQ(job.steps.size(), 2U);
  EXPECT_EQ(job.steps[1].mapper.builtin->keys, std::vector<std::string>{"info.OS"});
  EXPECT_EQ(job.steps[1].reducer->module->language, Language::kJavascript);
  EXPECT_THAT(job.inputs, ElementsAre("s3://bucket/prefix/**/*.xz", "data/*.zst"));
  EXPECT_EQ(job.manifest, "files.txt");
  EXPECT_EQ(job.filter, "Filter.json");
  EXPECT_EQ(job.decompress, Compression::kZstd);
  EXPECT_EQ(job.record, RecordKind::kJson);
  EXPECT_THAT(job.fields, ElementsAre("info.OS"));
  EXPECT_EQ(job.where_json, R"({"info.appName":["Firefox"]})");
  EXPECT_EQ(job.separator, "\t");
  EXPECT_EQ(job.values, ValuesKind::kIterator);
  EXPECT_EQ(job.reducers, 4U);
  EXPECT_EQ(job.output, "out.txt");
  EXPECT_TRUE(job.keep_parts);
  EXPECT_EQ(job.downloads.parallel, 3U);
  EXPECT_EQ(job.downloads.attempts, 4U);
  EXPECT_EQ(job.downloads.directory, "dl");
  EXPECT_TRUE(job.downloads.keep);
  EXPECT_EQ(job.downloads.patience, std::chrono::seconds(90));
  EXPECT_EQ(job.downloads.address, AddressStyle::kHost);
  EXPECT_TRUE(job.downloads.requester_pays);
  EXPECT_EQ(job.limits.processes, 2U);
  EXPECT_EQ(job.limits.memory_bytes, 256U << 20);
  EXPECT_EQ(job.limits.attempts, 7U);
  EXPECT_EQ(job.limits.bad_records, 1000U);
  EXPECT_EQ(job.limits.failed_inputs, 2U);
  EXPECT_EQ(job.limits.timeout, std::chrono::minutes(90));
  EXPECT_EQ(job.owner, "someone@example.com");
  EXPECT_EQ(job.notify.via, NotifyVia::kSmtp);
  EXPECT_FALSE(job.notify.on_completed);
  EXPECT_TRUE(job.notify.on_failed);
  EXPECT_EQ(job.taskcluster_json, R"({"load":{"bytes":"1GiB","files":50}})");
}

TEST(JobFile, TakesItsDefaultsFromTheJob) {
  JobFile file = parsed(sources_of(kShortForm));
  Job defaults;
  EXPECT_EQ(file.job.separator, defaults.separator);
  EXPECT_EQ(file.job.limits.memory_bytes, defaults.limits.memory_bytes);
  EXPECT_FALSE(file.job.limits.processes.has_value());
  EXPECT_EQ(shown(file, "limits.processes").value, "auto");
  EXPECT_EQ(shown(file, "limits.timeout").value, "2h");
  EXPECT_EQ(shown(file, "notify.on").value, "[completed, failed]");
}

TEST(Interface, FollowsTheLanguage) {
  for (auto [language, interface] : {std::pair{"python", Interface::kFunction},
                                     {"javascript", Interface::kFunction},
                                     {"binary", Interface::kFiles}}) {
    Job job = parsed(sources_of(std::string("script: x\nlanguage: ") + language)).job;
    EXPECT_EQ(job.steps[0].mapper.module->interface, interface) << language;
  }
}

TEST(ShortForm, ReducesWithTheScriptBesideItsMapper) {
  struct Row {
    const char* name;
    std::string text;
    bool python;
    bool javascript;
    const char* reducer;  // "" if there is none
  };
  for (const Row& row :
       {Row{"python", "language: python\nscript: sub/mapper.py\n", true, true, "sub/reducer.py"},
        {"javascript", "language: javascript\nscript: m.js\n", true, true, "reducer.js"},
        {"not there", "language: python\nscript: m.py\n", false, true, ""},
        {"binary", "language: binary\nscript: m\n", true, true, ""},
        {"told not to", "language: python\nscript: m.py\nreducer: none\n", true, true, ""},
        {"another", "language: python\nscript: m.py\nreducer: {language: python, script: r.py}\n", true, true, "r.py"},
        {"full form", "mapper: {language: python, script: m.py}\n", true, true, ""}}) {
    JobSources sources = sources_of(row.text);
    sources.has_python_reducer = row.python;
    sources.has_javascript_reducer = row.javascript;
    std::optional<Worker> reducer = parsed(sources).job.steps[0].reducer;
    EXPECT_EQ(reducer.has_value() ? reducer->module->script : "", row.reducer) << row.name;
  }
}

TEST(ShortForm, CallsThatReducerAsItCallsTheMapper) {
  JobSources sources = sources_of(
      "language: python\nscript: m.py\ninterface: lines\nenv: {TZ: UTC}\narguments: [x]\nreducers: 2\n"
      "interpreter: pypy3\n");
  EXPECT_THAT(error_of(sources), HasSubstr("reducers needs a reducer"));
  EXPECT_EQ(reducer_beside_mapper(sources), "reducer.py");
  sources.has_python_reducer = true;
  JobFile file = parsed(sources);
  const Module& reducer = *file.job.steps[0].reducer->module;
  EXPECT_EQ(reducer.interface, Interface::kLines);
  EXPECT_EQ(reducer.environment, (EnvironmentRequest{{"TZ", "UTC"}}));
  EXPECT_EQ(reducer.interpreter, "pypy3");
  EXPECT_TRUE(reducer.arguments.empty());
  EXPECT_EQ(shown(file, "reducer.script").origin, "beside the mapper");
}

TEST(Separator, IsTakenAsAPersonMeansIt) {
  struct Row {
    const char* written;
    const char* separator;
  };
  for (const Row& row : {Row{",", ","},   {", # a comma", ","}, {"\"\\t\"", "\t"},
                         {"'\\t'", "\t"}, {"\\t", "\t"},        {"'\\\\t'", "\\t"},
                         {"\\", "\\"},    {"'\\'", "\\"},       {"|", "|"},
                         {"||", "||"},    {">", ">"},           {"'|'", "|"},
                         {"~", "~"},      {":", ":"},           {"::", "::"},
                         {"-", "-"},      {"=>", "=>"},         {"\" \"", " "},
                         {"' '", " "},    {";", ";"},           {"\"\\x01\"", "\x01"},
                         {"&", "&"},      {"*", "*"},           {"'#'", "#"},
                         {"\"", "\""},    {"'", "'"},           {"\"'\"", "'"},
                         {"[", "["},      {"no", "no"},         {"→", "→"},
                         {"1", "1"},      {"%", "%"},           {"@", "@"},
                         {"!", "!"},      {"{}", "{}"}}) {
    EXPECT_EQ(job_with(std::string("separator: ") + row.written + "\n").separator, row.separator) << row.written;
    EXPECT_EQ(job_with(std::string("separator: ") + row.written + "\nowner: x\n").separator, row.separator)
        << row.written;
  }
  EXPECT_EQ(job_with("separator: |\n  ab\nowner: x\n", {"separator=,"}).separator, ",");
  EXPECT_EQ(job_with("", {"separator=\\t"}).separator, "\t");
  EXPECT_EQ(job_with("", {"separator=\t"}).separator, "\t");
  EXPECT_EQ(job_with("", {"separator= "}).separator, " ");
}

TEST(Separator, IsNeverEmptyAndNeverALineEnd) {
  for (const char* line : {"separator:\n", "separator: ''\n", "separator: # nothing\n", "separator: \"\"\n"}) {
    EXPECT_THAT(error_with(line), HasSubstr("job.yml:3: separator is empty")) << line;
  }
  EXPECT_THAT(error_with("separator: \"\\n\"\n"), HasSubstr("line end"));
  EXPECT_THAT(error_with("separator: |\n  x\n"), HasSubstr("line end"));
  EXPECT_THAT(error_with("separator: [a]\n"), HasSubstr("is a list"));
}

TEST(Values, AreTakenAsAPersonMeansThem) {
  EXPECT_EQ(job_with("owner: no\n").owner, "no");
  EXPECT_EQ(job_with("owner: 007\n").owner, "007");
  EXPECT_EQ(job_with("limits: {bad_records: 1e3}\n").limits.bad_records, 1000U);
  EXPECT_EQ(job_with("limits: {bad_records: 1_000}\n").limits.bad_records, 1000U);
  EXPECT_EQ(job_with("limits: {bad_records: \"5\"}\n").limits.bad_records, 5U);
  EXPECT_EQ(job_with("limits: {bad_records: 010}\n").limits.bad_records, 10U);
  for (const char* yes : {"yes", "Yes", "true", "on", "1", "ON"}) {
    EXPECT_TRUE(job_with(std::string("downloads: {keep: ") + yes + "}\n").downloads.keep) << yes;
  }
  for (const char* no : {"no", "NO", "false", "off", "0"}) {
    EXPECT_FALSE(job_with(std::string("downloads: {keep: ") + no + "}\n").downloads.keep) << no;
  }
  EXPECT_THAT(job_with("arguments: [1.10, yes, ~, null, '', 0x1F, -v]\n").steps[0].mapper.module->arguments,
              ElementsAre("1.10", "yes", "~", "null", "", "0x1F", "-v"));
  EXPECT_THAT(job_with("arguments: -n\n").steps[0].mapper.module->arguments, ElementsAre("-n"));
  EXPECT_THAT(job_with("inputs: data/*.gz\n").inputs, ElementsAre("data/*.gz"));
  EXPECT_THAT(job_with("inputs: data/{a,b}.gz\n").inputs, ElementsAre("data/{a,b}.gz"));
  EXPECT_THAT(job_with("notify: {on: failed}\n").notify.on_completed, false);
  EXPECT_EQ(job_with("limits: {timeout: 3600}\n").limits.timeout, std::chrono::hours(1));
  EXPECT_EQ(job_with("limits: {memory: 1073741824}\n").limits.memory_bytes, 1U << 30);
  EXPECT_EQ(job_with("limits: {memory: 512 MB}\n").limits.memory_bytes, 512'000'000U);
  EXPECT_EQ(job_with("limits: {processes: auto}\n").limits.processes, std::nullopt);
}

TEST(Where, TellsNumbersFromTextByTheQuotes) {
  EXPECT_EQ(job_with("where: {a: [1, \"1\", no, NO, 1e3, 35.0, 1_000, true, null, x y]}\n").where_json,
            R"({"a":[1,"1","no","NO",1000,35.0,1000,true,null,"x y"]})");
  EXPECT_EQ(job_with("where: {a: [9007199254740993, 18446744073709551617, 1e400, 0.10, 01, 1.]}\n").where_json,
            R"({"a":[9007199254740993,18446744073709551617,1e400,0.10,"01","1."]})");
  EXPECT_EQ(job_with("where:\n  b: {min: -1, max: \"z\"}\n  a.c: x\n").where_json,
            R"({"b":{"min":-1,"max":"z"},"a.c":"x"})");
  EXPECT_EQ(job_with("where: {a: 1}\nwhere.info.OS: Linux\n").where_json, R"({"a":1,"info.OS":"Linux"})");
}

TEST(Pairs, TellsPathsFromConstants) {
  struct Row {
    const char* value;
    const char* text;
    bool is_path;
  };
  for (const Row& row : {Row{"info.memsize", "info.memsize", true},
                         {"1", "1", false},
                         {"\"info\"", "info", false},
                         {"c d", "c d", true},
                         {"t.@v", "t.@v", true},
                         {"\"a[1]\"", "a[1]", true},
                         {"'\"a.b\".c'", "\"a.b\".c", true},
                         {"\"1\"", "1", false},
                         {"2.5", "2.5", false}}) {
    Job job = parsed(sources_of(std::string("mapper: {builtin: pairs, key: k, value: ") + row.value + "}\n")).job;
    EXPECT_EQ(job.steps[0].mapper.builtin->value, row.text);
    EXPECT_EQ(job.steps[0].mapper.builtin->value_is_path, row.is_path) << row.value;
  }
  EXPECT_EQ(parsed(sources_of("mapper: {builtin: pairs, key: k}\n")).job.steps[0].mapper.builtin->value, "1");
}

TEST(Pairs, AreShownSoThatPathsStayPaths) {
  for (const char* value : {"a[1]", "c d", "no", "'\"a.b\".c'", "a.b", "t.@v", "\"x\"", "on.a\\b"}) {
    JobSources sources = sources_of("mapper: {builtin: pairs, key: k}\n");
    sources.settings = {std::string("mapper.value=") + value};
    auto first = parsed(sources);
    auto second = parsed(sources_of(describe(first)));
    EXPECT_EQ(second.job.steps[0].mapper.builtin->value_is_path, first.job.steps[0].mapper.builtin->value_is_path)
        << value << " is shown as " << shown(first, "mapper.value").value;
  }
}

TEST(Yaml, TakesAnchorsMergesAndDottedKeys) {
  Job job = parsed(sources_of("mapper: &m {language: python, script: m.py, arguments: [a]}\n"
                              "reducer:\n  <<: *m\n  script: r.py\nlimits.attempts: 9\nlimits: {memory: 64MiB}\n"))
                .job;
  EXPECT_EQ(job.steps[0].reducer->module->script, "r.py");
  EXPECT_THAT(job.steps[0].reducer->module->arguments, ElementsAre("a"));
  EXPECT_EQ(job.limits.attempts, 9U);
  EXPECT_EQ(job.limits.memory_bytes, 64U << 20);
}

TEST(Yaml, TakesFilesFromOtherSystems) {
  Job job =
      parsed(sources_of("\xef\xbb\xbf---\r\nlanguage: python\r\nscript: m.py\r\nseparator: ,\r\nlimits:\r\n")).job;
  EXPECT_EQ(job.separator, ",");
  EXPECT_EQ(job.steps[0].mapper.module->script, "m.py");
}

TEST(Precedence, IsArgumentThenEnvironmentThenFileThenDefault) {
  JobSources sources =
      sources_of(std::string(kShortForm) + "limits: {memory: 64MiB, attempts: 4}\nfields: [a]\nowner: me\n");
  EXPECT_EQ(shown(parsed(sources), "limits.memory").origin, "job.yml:3");
  sources.environment = {{"QUERN_LIMITS_MEMORY", "128MiB"},
                         {"QUERN_LIMITS_ATTEMPTS", "5"},
                         {"QUERN_FIELDS", "[b, c]"},
                         {"QUERN_DOWNLOADS_KEEP", "1"},
                         {"QUERN_OWNER", ""},
                         {"QUERN_PYTHON", "/x"},
                         {"QUERN_INPUTS", "*.gz"},
                         {"QUERN_MAPPER_SCRIPT", "e.py"}};
  sources.settings = {"limits.memory=32MiB", "limits.memory=256MiB"};
  JobFile file = parsed(sources);
  EXPECT_EQ(file.job.limits.memory_bytes, 256U << 20);
  EXPECT_EQ(shown(file, "limits.memory").origin, "--set");
  EXPECT_EQ(file.job.limits.attempts, 5U);
  EXPECT_EQ(shown(file, "limits.attempts").origin, "QUERN_LIMITS_ATTEMPTS");
  EXPECT_THAT(file.job.fields, ElementsAre("b", "c"));
  EXPECT_THAT(file.job.inputs, ElementsAre("*.gz"));
  EXPECT_TRUE(file.job.downloads.keep);
  EXPECT_EQ(file.job.owner, "me");
  EXPECT_EQ(file.job.steps[0].mapper.module->script, "e.py");
  EXPECT_EQ(shown(file, "limits.timeout").origin, "default");
}

TEST(Arguments, ReachEverySetting) {
  const std::vector<std::string> full = {"limits.memory=256MiB", "script=x.py", "mapper.arguments=[a, \"b c\"]",
                                         "fields=[info.OS]"};
  Job job = job_with("", full);
  EXPECT_EQ(job.steps[0].mapper.module->script, "x.py");
  EXPECT_THAT(job.steps[0].mapper.module->arguments, ElementsAre("a", "b c"));
  EXPECT_THAT(job_with("", {"inputs=[ab].gz"}).inputs, ElementsAre("[ab].gz"));
  EXPECT_THAT(job_with("", {"inputs=a b: c #d"}).inputs, ElementsAre("a b: c #d"));
  EXPECT_THAT(job_with("inputs: [a]\n", {"inputs="}).inputs, ElementsAre());
  EXPECT_EQ(job_with("", {"output=\"a b\""}).output, "a b");
  EXPECT_EQ(job_with("", {"output={x}"}).output, "{x}");
  EXPECT_EQ(job_with("", {"mapper.env.TZ=UTC"}).steps[0].mapper.module->environment,
            (EnvironmentRequest{{"TZ", "UTC"}}));
  EXPECT_EQ(job_with("where: {a: 1}\n", {"where.a=2", "where.b.c=x"}).where_json, R"({"a":2,"b.c":"x"})");
  EXPECT_EQ(job_with("reducer: {language: python, script: r.py}\n", {"reducer={builtin: sum}"})
                .steps[0]
                .reducer->builtin->name,
            "sum");
  EXPECT_FALSE(job_with("reducer: {builtin: sum}\n", {"reducer=none"}).steps[0].reducer.has_value());
  EXPECT_EQ(job_with("reducer: none\n", {"reducer.builtin=sum"}).steps[0].reducer->builtin->name, "sum");
}

TEST(Arguments, TakeAwayAFilter) {
  EXPECT_EQ(job_with("filter: F.json\n").filter, "F.json");
  EXPECT_EQ(job_with("filter: F.json\n", {"filter=none"}).filter, std::nullopt);
  EXPECT_EQ(job_with("filter: 'none'\n").filter, "none") << "a file of that name";
}

TEST(Arguments, SayWhatTheEnvironmentDoes) {
  EXPECT_THAT(settings_of_environment({{"QUERN_LIMITS_MEMORY", "2GiB"},
                                       {"QUERN_SCRIPT", "m.py"},
                                       {"QUERN_OUTPUT", ""},
                                       {"QUERN_NOTHING", "x"},
                                       {"HOME", "/root"}}),
              ::testing::ElementsAre("limits.memory=2GiB", "script=m.py"));
}

// Reading a job's description must produce the same job, so that the output of check can be saved as the job file.
TEST(Describe, IsAJobFileThatMeansTheSame) {
  for (const std::string& text : {
           std::string(kShortForm),
           kShortForm + std::string("separator: \\t\nowner: \"no\"\noutput: 'a # b'\narguments: [\"\", '~', 1.10, "
                                    "\"a\\\"b\\\\\", \"\\x01\"]\n"),
           kShortForm +
               std::string("inputs: ['[a]', '{b}', \"c, d\", 'e: f', '-', '?', 'null']\nenv: {A: '', B: , C: '~', "
                           "'D E': no}\n"),
           kShortForm + std::string("filter: 'none'\n"),
           std::string("mapper: {builtin: pairs, key: info.OS, value: \"1\"}\nreducer: {builtin: top:3}\nlimits: "
                       "{memory: 20000001, timeout: 61001ms}\n"),
           std::string("mapper: {builtin: pairs, key: 'a b', value: a.b}\nsteps: [{mapper: {language: binary, script: "
                       "./x, interface: lines}, "
                       "combiner: {builtin: min}, reducer: {builtin: min}}]\n"),
           kShortForm +
               std::string("where: {a.b: [1, \"1\", no, ~, .5], \"c\\td\": {min: x}}\ntaskcluster: {a: {b: [true, "
                           "\"true\", {c: ~}]}}\nnotify: {on: []}\n"),
           kShortForm + std::string("separator: '\\\\'\nreducer: {builtin: sum}\nresult.parts: keep\ndecompress: "
                                    "none\nlimits.processes: 3\n"),
       }) {
    JobFile first = parsed(sources_of(text));
    JobFile second = parsed(sources_of(describe(first)));
    ASSERT_EQ(first.settings.size(), second.settings.size());
    for (std::size_t i = 0; i < first.settings.size(); ++i) {
      EXPECT_EQ(first.settings[i].key, second.settings[i].key);
      EXPECT_EQ(first.settings[i].value, second.settings[i].value);
    }
    EXPECT_EQ(first.job.separator, second.job.separator);
    EXPECT_EQ(first.job.where_json, second.job.where_json);
    EXPECT_EQ(first.job.inputs, second.job.inputs);
  }
}

TEST(Describe, AlignsWhereEachSettingComesFrom) {
  std::string text = describe(parsed(sources_of(kShortForm, {"limits.memory=256MiB"})));
  EXPECT_THAT(text, HasSubstr("mapper.language: python          # job.yml:1\n"));
  EXPECT_THAT(text, HasSubstr("limits.memory: 256MiB            # --set\n"));
  EXPECT_THAT(text, HasSubstr("# manifest is not set            # default\n"));
}

TEST(SettingNames, AreThoseThatAreShown) {
  std::vector<std::string> names = setting_names();
  for (const SettingOrigin& setting : parsed(sources_of(kShortForm)).settings) {
    bool is_missing_worker = setting.key == "combiner" || setting.key == "reducer";
    EXPECT_TRUE(is_missing_worker || std::find(names.begin(), names.end(), setting.key) != names.end()) << setting.key;
  }
}

}  // namespace
}  // namespace quern
