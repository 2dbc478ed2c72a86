#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_file/job_file.h"

namespace quern {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kShort = "language: python\nscript: a.py\n";           // two lines
constexpr const char* kFull = "mapper: {language: python, script: a.py}\n";  // one line

std::string error_of(const std::string& text, const std::vector<std::string>& settings = {}) {
  auto job = parse_job({.path = "job.yml", .folder = "/job", .text = text, .settings = settings});
  if (job.ok()) return "no error";
  EXPECT_EQ(job.error().kind, ErrorKind::kBadConfig);
  EXPECT_EQ(job.error().message.find('\n'), std::string::npos);
  return job.error().message;
}

struct BadFile {
  std::string name;
  std::string text;
  std::string message;  // the start of the message
};
void expect_errors(const std::vector<BadFile>& rows) {
  for (const BadFile& row : rows) EXPECT_THAT(error_of(row.text), StartsWith(row.message)) << row.name;
}

TEST(JobFileErrors, NameTheNearestKey) {
  expect_errors({
      {"slip", kShort + std::string("limits:\n  memmory: 3\n"),
       "job.yml:4: limits.memmory is not a setting; did you mean limits.memory?"},
      {"slip of a word that is a setting elsewhere", kShort + std::string("limits: {record: 3}\n"),
       "job.yml:3: limits.record is not a setting; did you mean limits.records?"},
      {"other section", kShort + std::string("memory: 3\n"),
       "job.yml:3: memory is not a setting; did you mean limits.memory?"},
      {"slip and other section", kShort + std::string("paralel: 3\n"),
       "job.yml:3: paralel is not a setting; did you mean downloads.parallel?"},
      {"section", kShort + std::string("limit: {memory: 3}\n"),
       "job.yml:3: limit is not a setting; did you mean limits?"},
      {"beginning", "lang: python\n", "job.yml:1: lang is not a setting; did you mean language?"},
      {"worker", "mapper:\n  scirpt: x\n", "job.yml:2: mapper.scirpt is not a setting; did you mean mapper.script?"},
      {"dotted", kShort + std::string("limits.memmory: 3\n"),
       "job.yml:3: limits.memmory is not a setting; did you mean limits.memory?"},
      {"nothing near", kShort + std::string("limits: {zzz: 3}\n"),
       "job.yml:3: limits.zzz is not a setting; the settings of limits are processes, memory, attempts,"},
      {"nothing near at the top", kShort + std::string("zzz: 3\n"),
       "job.yml:3: zzz is not a setting; the settings of a job are mapper, combiner,"},
      {"below a setting", kShort + std::string("output.file: x\n"),
       "job.yml:3: output.file is not a setting; output is one, and has no parts"},
      {"step", kFull + std::string("steps:\n  - mapper: {language: python, scirpt: b}\n"),
       "job.yml:3: steps[0].mapper.scirpt is not a setting; did you mean steps[0].mapper.script?"},
      {"step with a limit", kFull + std::string("steps:\n  - mapper: {language: python, script: b}\n    limits: {}\n"),
       "job.yml:4: steps[0].limits is not possible; a step has mapper, combiner and reducer"},
      {"no blank", "mapper: {language python, script: x}\n",
       "job.yml:1: mapper.language python is not a setting; a setting is written as 'key: value'"},
  });
}

TEST(JobFileErrors, NameTheNearestValue) {
  expect_errors({
      {"language", "language: pyton\nscript: a\n",
       "job.yml:1: language is 'pyton'; it must be python, javascript or binary; did you mean python?"},
      {"nickname", "language: js\nscript: a\n",
       "job.yml:1: language is 'js'; it must be python, javascript or binary; did you mean javascript?"},
      {"shell", "language: bash\nscript: a\n",
       "job.yml:1: language is 'bash'; it must be python, javascript or binary; did you mean binary?"},
      {"record", kShort + std::string("record: jsn\n"),
       "job.yml:3: record is 'jsn'; it must be keyed-json, json, text, json-document, csv, tsv, combined or common; "
       "did "
       "you mean json?"},
      {"values", kShort + std::string("values: lists\n"),
       "job.yml:3: values is 'lists'; it must be list or iterator; did you mean list?"},
      {"decompress", kShort + std::string("decompress: gzip\n"),
       "job.yml:3: decompress is 'gzip'; it must be auto, none, xz, lzma, gz, zst, bz2, lz4 or br"},
      {"builtin", kShort + std::string("reducer: {builtin: summ}\n"),
       "job.yml:3: reducer.builtin is 'summ'; it must be sum, count, mean, min, max, list, unique, top, distinct, p95 "
       "or stddev; "
       "did you mean sum?"},
      {"notify", kShort + std::string("notify:\n  on: [complete]\n"),
       "job.yml:4: notify.on is 'complete'; it must be completed or failed; did you mean completed?"},
      {"parts", kShort + std::string("result: {parts: kept}\n"),
       "job.yml:3: result.parts is 'kept'; it must be merge or keep"},
  });
}

TEST(JobFileErrors, SayWhatAValueMustBe) {
  auto limits = [](const std::string& text) { return kShort + ("limits: {" + text + "}\n"); };
  expect_errors({
      {"share", limits("bad_records: 10%"),
       "job.yml:3: limits.bad_records is '10%'; it must be a whole number such as 10 (shares are not possible)"},
      {"negative", limits("bad_records: -1"), "job.yml:3: limits.bad_records is '-1'; it must be a whole number"},
      {"fraction", limits("attempts: 1.5"),
       "job.yml:3: limits.attempts is '1.5'; it must be a whole number from 1 to 1000"},
      {"zero", limits("attempts: 0"), "job.yml:3: limits.attempts is '0'; it must be a whole number from 1 to 1000"},
      {"words", limits("processes: many"),
       "job.yml:3: limits.processes is 'many'; it must be a whole number from 1 to 1024, or auto"},
      {"too many", limits("processes: 1025"), "job.yml:3: limits.processes is '1025'"},
      {"size", limits("memory: lots"), "job.yml:3: limits.memory is 'lots'; it must be a size such as 512MiB or 1GiB"},
      {"small", limits("memory: 1MiB"), "job.yml:3: limits.memory is '1MiB'; it must be at least 16MiB"},
      {"no time", limits("timeout: 0"), "job.yml:3: limits.timeout is '0'; it must be longer than nothing"},
      {"clock", limits("timeout: '1:30'"), "job.yml:3: limits.timeout is wrong: '1:30' is not a duration;"},
      {"null", kShort + std::string("record: null\n"),
       "job.yml:3: record is null; it must be keyed-json, json, text, json-document,"},
      {"nothing", kShort + std::string("record:\n"), "job.yml:3: record is empty; it must be keyed-json, json, text,"},
      {"empty", kShort + std::string("output: \"\"\n"), "job.yml:3: output is empty"},
      {"null text", kShort + std::string("owner: ~\n"), "job.yml:3: owner is ~; leave it out for its default"},
      {"list", kShort + std::string("output: [a]\n"), "job.yml:3: output is a list; it must be text"},
      {"map", kShort + std::string("inputs: {a: b}\n"), "job.yml:3: inputs is a map; it must be a list, as in [a, b]"},
      {"map in list", kShort + std::string("inputs: [{a: b}]\n"), "job.yml:3: inputs item 1 is a map; it must be text"},
      {"section", kShort + std::string("limits: 3\n"),
       "job.yml:3: limits is text; it must be a map of settings: processes,"},
      {"flag", kShort + std::string("downloads: {keep: maybe}\n"),
       "job.yml:3: downloads.keep is 'maybe'; it must be yes or no"},
      {"url", kShort + std::string("index: foo\n"), "job.yml:3: index is 'foo'; it must be a URL"},
      {"fields", kShort + std::string("fields: info.OS, info.v\n"),
       "job.yml:3: fields is one path with a comma in it;"},
      {"reducers", kShort + std::string("reducers: 10001\nreducer: {builtin: sum}\n"),
       "job.yml:3: reducers is '10001'"},
      {"taskcluster", kShort + std::string("taskcluster: x\n"), "job.yml:3: taskcluster is text; it must be a map"},
      {"exits", "language: binary\nscript: a\nok_exit: 0,3\n",
       "job.yml:3: ok_exit is '0,3'; several are a list, as in [0, 3]"},
      {"escape", "record: {start: \"^\\{\"}\n",
       "job.yml:1: unknown escape character: {; in double quotes a backslash begins an escape; write text with "
       "backslashes, such as a regular expression, in single quotes"},
      {"exit", "language: binary\nscript: a\nok_exit: [0, 256]\n", "job.yml:3: ok_exit is '256'"},
      {"variable", kShort + std::string("env: {A=B: c}\n"), "job.yml:3: env has 'A=B', which cannot be the name"},
  });
}

TEST(JobFileErrors, ExplainKindsOfRecords) {
  auto record = [](const std::string& text) { return kShort + ("record: " + text + "\n"); };
  expect_errors({
      {"near word", record("cvs"), "job.yml:3: record is 'cvs'; it must be keyed-json,"},
      {"no expression", record("regex"), "job.yml:3: record is 'regex'; it needs a regular expression, as in {regex:"},
      {"no kind", record("{}"), "job.yml:3: record is a map; it must have one kind, as in {csv:"},
      {"two kinds", record("{csv: {}, regex: a}"), "job.yml:3: record is a map; it must have one kind"},
      {"near kind", record("{regxe: a}"),
       "job.yml:3: record has regxe, which is not a kind with settings; did you mean regex?"},
      {"kind without settings", record("{json: {}}"), "job.yml:3: record has json, which is not a kind with settings"},
      {"setting", record("{csv: {delimitre: a}}"),
       "job.yml:3: record has delimitre, which is not a setting of csv; did you mean delimiter?"},
      {"line", record("\n  csv:\n    header: no\n    delimitre: a"),
       "job.yml:3: record has delimitre, which is not a setting of csv; did you mean delimiter? (line 6)"},
      {"other setting", record("{tsv: {x: a}}"),
       "job.yml:3: record has x, which is not a setting of tsv; these are header, delimiter and quote"},
      {"no map", record("{csv: x}"), "job.yml:3: record has csv, which is text; it must be a map of settings"},
      {"delimiter", record("{csv: {delimiter: ab}}"),
       "job.yml:3: record has delimiter, which is ab; it must be one ASCII character"},
      {"not ASCII", record("{csv: {quote: \u00e4}}"), "job.yml:3: record has quote, which is"},
      {"line end", record("{csv: {quote: \"\\n\"}}"), "job.yml:3: record has quote, which is"},
      {"header", record("{csv: {header: maybe}}"),
       "job.yml:3: record has header, which is 'maybe'; it must be yes or no, or a list of the columns' names"},
      {"no names", record("{csv: {header: []}}"), "job.yml:3: record has header, which is an empty list"},
      {"same names", record("{csv: {header: [a, a]}}"), "job.yml:3: record has header, which names 'a' twice"},
      {"same", record("{csv: {quote: ','}}"), "job.yml:3: record has the same delimiter and quote"},
      {"wrong expression", record("{regex: 'a(b'}"),
       "job.yml:3: record has regex, which is \"a(b\", and not a regular expression of RE2: missing )"},
      {"lookahead", record("{start: '(?=a)'}"),
       "job.yml:3: record has start, which is \"(?=a)\", and not a regular expression"},
      {"no names of groups", record("{regex: '(a)'}"),
       "job.yml:3: record has regex, which is \"(a)\"; it must have a named group"},
      {"empty expression", record("{regex: ''}"), "job.yml:3: record has regex, which is empty"},
  });
}

TEST(JobFileErrors, ExplainTheirConditions) {
  expect_errors({
      {"nested", kShort + std::string("where: {info: {OS: x}}\n"),
       "job.yml:3: where has info, whose OS is neither min nor max;"},
      {"empty", kShort + std::string("where:\n  info.OS:\n"), "job.yml:3: where has info.OS, which is empty;"},
      {"no value", kShort + std::string("where: {a: []}\n"),
       "job.yml:3: where has a, an empty list: no record could pass"},
      {"no range", kShort + std::string("where: {a: {}}\n"), "job.yml:3: where has a, an empty map;"},
      {"list in list", kShort + std::string("where: {a: [[b]]}\n"),
       "job.yml:3: where has a, whose list has an item that is a list"},
      {"text", kShort + std::string("where: Firefox\n"), "job.yml:3: where is text; it must be a map such as"},
  });
}

TEST(JobFileErrors, KnowWhatAWorkerNeeds) {
  expect_errors({
      {"no mapper", "inputs: a\n", "job.yml: mapper is missing; it says what to do with the records"},
      {"no language", "script: a.js\n", "job.yml:1: language is missing; a.js looks like 'language: javascript'"},
      {"no script", "language: python\n", "job.yml:1: script is missing; it names the file with the code"},
      {"full", "mapper: {script: a.py}\n", "job.yml:1: mapper.language is missing; a.py looks like 'language: python'"},
      {"text", "mapper: mapper.py\n",
       "job.yml:1: mapper is text; it must be a map such as {language: python, script: mapper.py}"},
      {"empty", kFull + std::string("reducer:\n"),
       "job.yml:2: reducer is empty; it must be a map such as {builtin: sum}, or"},
      {"none", "mapper: none\n", "job.yml:1: mapper is text; it must be a map"},
      {"both forms", kFull + std::string("language: python\n"),
       "job.yml:2: language is next to mapper, which line 1 sets"},
      {"both kinds", "mapper:\n  language: python\n  builtin: pairs\n",
       "job.yml:2: mapper.language is next to builtin (job.yml:3)"},
      {"no key", "mapper: {builtin: pairs}\n", "job.yml:1: mapper.key is missing;"},
      {"key of a script", "mapper: {language: python, script: a, key: b}\n",
       "job.yml:1: mapper.key is only for {builtin: pairs}"},
      {"key of sum", kFull + std::string("reducer: {builtin: sum, key: b}\n"),
       "job.yml:2: reducer.key is only for {builtin: pairs}"},
      {"pairs reduce", kFull + std::string("reducer: {builtin: pairs}\n"),
       "job.yml:2: reducer.builtin is 'pairs'; it must be sum,"},
      {"sum maps", "mapper: {builtin: sum}\n", "job.yml:1: mapper.builtin is 'sum'; it must be pairs"},
      {"top of what", kFull + std::string("reducer: {builtin: top}\n"),
       "job.yml:2: reducer.builtin is 'top'; it must be top and a number"},
      {"top none", kFull + std::string("reducer: {builtin: 'top:0'}\n"),
       "job.yml:2: reducer.builtin is 'top:0'; it must be top and a number"},
      {"top of all", kFull + std::string("reducer: {builtin: 'top:1000001'}\n"),
       "job.yml:2: reducer.builtin is 'top:1000001'; it must be top and a number up to 1000000, as in top:10"},
      {"p of too much", kFull + std::string("reducer: {builtin: p101}\n"),
       "job.yml:2: reducer.builtin is 'p101'; pN takes a number from 0 to 100, with up to 4 digits after the point"},
      {"p of too little", "aggregate: {x: p-1 n}\n", "job.yml:1: aggregate has x, which is 'p-1'; pN takes a number"},
      {"with nothing", "aggregate: {x: 'top:2 n with '}\n",
       "job.yml:1: aggregate has x, which is 'top:2 n with '; after"},
      {"order by two", "group: a\naggregate: {a: count}\norder: a desc\n",
       "job.yml:3: order is by 'a', which is both in group and a name in aggregate; choose another name there"},
      {"sum of ten", kFull + std::string("reducer: {builtin: sum:10}\n"),
       "job.yml:2: reducer.builtin is 'sum:10'; only top takes a number"},
      {"mean combines", kFull + std::string("combiner: {builtin: mean}\nreducer: {builtin: mean}\n"),
       "job.yml:2: combiner.builtin cannot be mean: a combiner may run any number of times"},
      {"function", "mapper: {language: binary, script: a, interface: function}\n",
       "job.yml:1: mapper.interface cannot be function for language binary; use lines"},
      {"files combine", kFull + std::string("combiner: {language: binary, script: a}\nreducer: {builtin: sum}\n"),
       "job.yml:2: combiner.language makes a combiner with the interface files"},
      {"per input", "language: python\nscript: a\nper_input: yes\n",
       "job.yml:3: per_input is for the interfaces lines and files;"},
      {"interpreter", "language: binary\nscript: a\ninterpreter: /usr/bin/awk\n",
       "job.yml:3: interpreter is for python and javascript; quern starts a binary itself,"},
      {"no interpreter", "language: python\nscript: a\ninterpreter: \"\"\n", "job.yml:3: interpreter is empty"},
      {"per what", "language: binary\nscript: a\nper_input: often\n",
       "job.yml:3: per_input is 'often'; it must be yes or no, or auto"},
      {"steps", kFull + std::string("steps: {}\n"), "job.yml:2: steps is a map; it must be a list"},
      {"step", kFull + std::string("steps:\n  - x\n"), "job.yml:3: steps[0] is text; it must be a map"},
      {"step without mapper", kFull + std::string("steps:\n  - reducer: {builtin: sum}\n"),
       "job.yml:3: steps[0].mapper is missing;"},
  });
}

TEST(JobFileErrors, RefuseWhatDoesNotGoTogether) {
  expect_errors({
      {"combiner", kFull + std::string("combiner: {builtin: sum}\n"), "job.yml:2: combiner needs a reducer"},
      {"reducers", kFull + std::string("reducers: 2\n"), "job.yml:2: reducers needs a reducer"},
      {"fields of files", "language: binary\nscript: a\nfields: [a]\n",
       "job.yml:3: fields is not possible for a mapper with the interface files"},
      {"record of files", "language: binary\nscript: a\nrecord: text\n",
       "job.yml:3: record is not possible for a mapper with the interface files, the default of a binary, which gets "
       "names of files and no records; say interface: lines"},
      {"record of named files", "language: python\nscript: a.py\ninterface: files\nrecord: json\n",
       "job.yml:4: record is not possible for a mapper with the interface files, which gets names of files and no "
       "records; say interface: function or lines"},
      {"constant under a built-in for numbers",
       "mapper: {builtin: pairs, key: k, value: \"v\"}\nreducer: {builtin: max}\n",
       "job.yml:1: mapper.value is the constant 'v', and {builtin: max} wants numbers; the path of a value is written "
       "without quotes"},
      {"where of files", "language: binary\nscript: a\nwhere: {a: 1}\n",
       "job.yml:3: where is not possible for a mapper with the interface files"},
      {"fields of text", kShort + std::string("record: text\nfields: [a]\n"), "job.yml:4: fields needs JSON"},
      {"where of text", kShort + std::string("record: text\nwhere: {a: 1}\n"), "job.yml:4: where needs JSON"},
      {"pairs of text", "mapper: {builtin: pairs, key: a}\nrecord: text\n",
       "job.yml:1: mapper.builtin looks into JSON"},
      {"index", kShort + std::string("index: https://x\n"), "job.yml:3: index needs a filter"},
      {"two lists", kShort + std::string("index: https://x\nfilter: f\nmanifest: m\n"),
       "job.yml:3: index and manifest both"},
      {"nobody", kShort + std::string("notify: {via: smtp}\n"), "job.yml:3: notify.via needs an owner"},
  });
}

TEST(JobFileErrors, ExplainYaml) {
  expect_errors({
      {"tab", "limits:\n\tmemory: 1GiB\n", "job.yml:2: a TAB indents this line; YAML allows spaces only"},
      {"tab later", "limits:\n  memory: 1GiB\n\tattempts: 3\n", "job.yml:3: a TAB indents this line"},
      {"star", "inputs:\n  - *.gz\n", "job.yml:2: a value that begins with * must be in quotes, as in \"*.gz\""},
      {"star in brackets", "inputs: [*.gz, b]\n",
       "job.yml:1: a value that begins with * must be in quotes, as in \"*.gz\""},
      {"star after brackets", "inputs: [e/2026-11-0[12]*]\n",
       "job.yml:1: text with * in it must be in quotes where brackets or braces are around it"},
      {"question mark in a URL", "inputs: [https://h/x?y=1]\n",
       "job.yml:1: text with ? in it must be in quotes where brackets or braces are around it"},
      {"star in braces", "mapper: {builtin: pairs, key: *}\n", "job.yml:1: text with * in it must be in quotes"},
      {"star as an index", "mapper: {builtin: pairs, key: tags[*]}\n",
       "job.yml:1: a list in brackets or a map in braces is not closed"},
      {"halves of a character", "owner: \"\\ud83d\\ude00\"\n",
       "job.yml:1: two \\u escapes mean one character only in JSON"},
      {"braces", "inputs:\n  - {a,b}.gz\n", "job.yml:2: a list in brackets or a map in braces is not closed"},
      {"brackets", "inputs:\n  - [ab].gz\n", "job.yml:2: a list in brackets or a map in braces is not closed"},
      {"at", "owner: @me\n", "job.yml:1: a value that begins with @ must be in quotes, as in \"@me\""},
      {"percent", "owner: `me`\n", "job.yml:1: a value that begins with ` must be in quotes"},
      {"colons", "script: a: b\n", "job.yml:1: unexpected ':' here"},
      {"dash", "inputs: - a\n", "job.yml:1: a list begins on a line of its own"},
      {"indentation", "mapper:\n  language: python\n script: x\n",
       "job.yml:3: this line does not match the indentation above it"},
      {"next line", "inputs: a\n  - b\n", "job.yml:1: this value goes on in the next line"},
      {"open quote", "owner: \"me\nscript: a\n", "job.yml:1: this quotation mark is never closed"},
      {"after quote", "owner: \"me\" you\n", "job.yml:1: this line does not match"},
      {"twice", "owner: a\nowner: b\n", "job.yml:2: owner is set twice; line 1 has it first"},
      {"twice below", "limits:\n  memory: 1GiB\n  memory: 2GiB\n",
       "job.yml:3: limits.memory is set twice; line 2 has it first"},
      {"twice, dotted", kShort + std::string("limits.memory: 1GiB\nlimits:\n  memory: 2GiB\n"),
       "job.yml:5: limits.memory is set twice; it is first set at job.yml:3"},
      {"two documents", "owner: a\n---\nowner: b\n", "job.yml:2: a second document begins here"},
      {"empty", "", "job.yml: is empty;"},
      {"comments", "# nothing\n", "job.yml: is empty;"},
      {"dashes", "---\n", "job.yml: is empty;"},
      {"text", "language:python\n", "job.yml: is text; a job file is a map of settings"},
      {"list", "- a\n", "job.yml: is a list;"},
      {"inside itself", "inputs: &a [*a]\n", "job.yml:1: this alias (*) is inside what it repeats"},
      {"key", "? [a]\n: b\n", "job.yml:1: a list cannot be the name of a setting"},
      {"bytes", "owner: \xff\n", "job.yml:1: byte 0xff is not text"},
      {"binary", std::string("\x1f\x8b\x08\x00", 4), "job.yml:1: byte 0x1f is not text"},
      {"deep", std::string(2000, '['), "job.yml:1: too many nested maps and lists"},
  });
}

TEST(JobFileErrors, StopAnAliasBomb) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i)
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  EXPECT_THAT(error_of(bomb), HasSubstr("too large once its aliases are written out"));
}

TEST(JobFileErrors, NameTheArgumentOrTheVariable) {
  EXPECT_THAT(error_of(kShort, {"limits.memmory=1"}),
              StartsWith("--set: limits.memmory is not a setting; did you mean limits.memory?"));
  EXPECT_THAT(error_of(kShort, {"limits.memory"}), StartsWith("--set: 'limits.memory' is not KEY=VALUE;"));
  EXPECT_THAT(error_of(kShort, {"=x"}), StartsWith("--set: '=x' is not KEY=VALUE;"));
  EXPECT_THAT(error_of(kShort, {"limits.memory=lots"}),
              StartsWith("--set: limits.memory is 'lots'; it must be a size"));
  EXPECT_THAT(error_of(kShort, {"reducer={builtin: sum"}), StartsWith("--set: a list in brackets or a map in braces"));
  EXPECT_THAT(error_of(kShort, {"inputs=[*.gz]"}), StartsWith("--set: a value that begins with * must be in quotes"));
  EXPECT_THAT(error_of(kShort, {"output="}), StartsWith("--set: output is empty"));
  EXPECT_THAT(error_of(kShort, {"mapper.builtin=pairs"}), StartsWith("job.yml:1: language is next to builtin (--set)"));
  auto job =
      parse_job({.path = "job.yml", .folder = "/", .text = kShort, .environment = {{"QUERN_LIMITS_MEMORY", "lots"}}});
  ASSERT_FALSE(job.ok());
  EXPECT_THAT(job.error().message, StartsWith("QUERN_LIMITS_MEMORY: limits.memory is 'lots'"));
}

TEST(JobFileErrors, NameVariablesThatAreNearlySettings) {
  auto error_with = [](const std::string& variable) {
    auto job = parse_job({.path = "job.yml", .folder = "/", .text = kShort, .environment = {{variable, "1"}}});
    return job.ok() ? std::string() : job.error().message;
  };
  EXPECT_EQ(error_with("QUERN_LIMIT_MEMORY"),
            "the environment has QUERN_LIMIT_MEMORY, which sets nothing; did you mean QUERN_LIMITS_MEMORY?");
  EXPECT_EQ(error_with("QUERN_PYHTON"),
            "the environment has QUERN_PYHTON, which sets nothing; did you mean QUERN_PYTHON?");
  for (const char* theirs : {"QUERN_PYTHON", "QUERN_RUN", "QUERN_HOME", "QUERN_TEST_FAST", "QUERN_", "QUERN_SITE_7"}) {
    EXPECT_EQ(error_with(theirs), "") << theirs;
  }
}

}  // namespace
}  // namespace quern
