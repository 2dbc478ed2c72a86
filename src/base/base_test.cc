#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <new>
#include <thread>

#include "base/bytes.h"
#include "base/channel.h"
#include "base/environment.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/sanitized_for_test.h"
#include "base/task_group.h"
#include "base/text.h"

namespace quern {
namespace {

Error sample_error() { return Error{.kind = ErrorKind::kBadInput, .message = "it broke"}; }

TEST(Result, PutsTheOutermostContextFirst) {
  auto failing = [](bool fail) -> Result<int> {
    if (fail) return sample_error();
    return 7;
  };
  auto caller = [&](bool fail) -> Result<int> {
    TRY_ASSIGN(int seven, failing(fail).context("reading a"));
    return seven + 1;
  };
  EXPECT_EQ(caller(false).value(), 8);
  auto result = caller(true).context("running b");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "running b: reading a: it broke");
  EXPECT_EQ(result.error().kind, ErrorKind::kBadInput);
}

TEST(Trimmed, TakesTheBlanksOffBothEnds) {
  EXPECT_EQ(trimmed(" \t a b ", " \t"), "a b");
  EXPECT_EQ(trimmed("\ta", " "), "\ta");
  EXPECT_EQ(trimmed("  ", " "), "");
  EXPECT_EQ(trimmed("", " "), "");
}

TEST(VariableValue, IsEmptyForOneThatIsNotSet) {
  auto environment = [](const char* name) { return std::string_view(name) == "HOME" ? "/root" : nullptr; };
  EXPECT_EQ(variable_value(environment, "HOME"), "/root");
  EXPECT_EQ(variable_value(environment, "OTHER"), "");
}

TEST(ParseBytes, TakesWhatPeopleWrite) {
  struct Row {
    const char* text;
    std::uint64_t bytes;
  };
  for (const Row& row : {Row{"0", 0}, Row{"4096", 4096}, Row{"1KiB", 1024}, Row{"1k", 1024}, Row{"10 MB", 10'000'000},
                         Row{"1.5GiB", 1610612736}, Row{"2g", std::uint64_t{2} << 30}, Row{"3 B", 3}}) {
    auto parsed = parse_bytes(row.text);
    ASSERT_TRUE(parsed.ok()) << row.text;
    EXPECT_EQ(parsed.value(), row.bytes) << row.text;
  }
  for (const char* text : {"", "GiB", "-1", "1 parsec", "1e3x", "99999999999 PiB", "1ki2"}) {
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
  }
}

TEST(FormatBytes, UsesDecimalUnits) {
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(999'999), "1.0 MB");
  EXPECT_EQ(format_bytes(1'234'567'890), "1.2 GB");
}

TEST(Buffer, KeepsItsBytesWhenItGrows) {
  Buffer buffer;
  buffer.append("abc");
  buffer.reserve(1 << 20);
  buffer.append("def");
  EXPECT_EQ(buffer.view(), "abcdef");
  Buffer moved = std::move(buffer);
  EXPECT_EQ(moved.view(), "abcdef");
  EXPECT_TRUE(buffer.empty());  // NOLINT: the contract of the move is under test
}

TEST(BufferPool, ReusesTheMemoryOfAGivenBuffer) {
  BufferPool pool(1, 1 << 20);
  Buffer first = pool.take(1000);
  first.append("old");
  const char* memory = first.data();
  pool.give(std::move(first));
  Buffer second = pool.take(500);
  EXPECT_EQ(second.data(), memory);
  EXPECT_TRUE(second.empty());
}

TEST(Channel, BlocksItsProducerWhenFullAndLosesNothing) {
  Channel<int> channel(3);
  std::jthread producer([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(channel.push(i));
    channel.close();
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(channel.pop(), i);
  EXPECT_EQ(channel.pop(), std::nullopt);
}

TEST(Channel, AStoppedProducerLeaves) {
  Channel<int> channel(1);
  EXPECT_TRUE(channel.push(1));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(channel.push(2, stop.get_token()));
}

TEST(TaskGroup, HasAnExceptionAsItsError) {
  TaskGroup group{std::stop_token{}};
  Channel<int> never(1);
  group.spawn("waiter", [&](const std::stop_token& stop) -> Result<void> {
    EXPECT_EQ(never.pop(stop), std::nullopt);
    return {};
  });
  group.spawn("throwing", [](const std::stop_token&) -> Result<void> { throw std::bad_alloc(); });
  auto result = group.wait();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(result.error().message, testing::StartsWith("out of memory; lower limits.memory"));
}

TEST(TaskGroup, HasAThreadThatCannotBeMadeAsItsError) {
#ifdef QUERN_SANITIZED
  GTEST_SKIP() << "the sanitizer looks at the stack itself";
#endif
  pthread_attr_t before;
  pthread_attr_t endless;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_attr_init(&endless), 0);
  // A stack that no address space has room for.
  ASSERT_EQ(::pthread_attr_setstacksize(&endless, std::size_t{1} << 48), 0);
  TaskGroup group{std::stop_token{}};
  ASSERT_EQ(::pthread_setattr_default_np(&endless), 0);
  bool is_started = group.spawn("none", [](const std::stop_token&) -> Result<void> { return {}; });
  ASSERT_EQ(::pthread_setattr_default_np(&before), 0);
  EXPECT_FALSE(is_started);
  auto result = group.wait();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(result.error().message, testing::HasSubstr("starting the thread none"));
  EXPECT_THAT(result.error().message, testing::HasSubstr("lower the number of processes (-p)"));
}

TEST(OsError, SaysWhatHelpsAgainstTooManyOpenFiles) {
  EXPECT_EQ(os_error("opening a", EMFILE).message,
            "opening a: Too many open files; let a process open more files (ulimit -n)");
  EXPECT_EQ(os_error("opening a", ENFILE).kind, ErrorKind::kNoSpace);
}

// A separate folder for what must not block.
class Opening : public testing::Test {
 protected:
  Opening() : folder_(testing::TempDir() + "opening-XXXXXX") { CHECK(::mkdtemp(folder_.data()) != nullptr); }
  ~Opening() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(Opening, RefusesAFifoAndADeviceWithoutWaiting) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  auto fifo = open_file(at("fifo"), O_RDONLY);
  ASSERT_FALSE(fifo.ok());
  EXPECT_EQ(fifo.error().message, at("fifo") + " is a FIFO, not a file; write its bytes to a file first");
  EXPECT_EQ(read_file("/dev/zero", 10).error().message,
            "/dev/zero is a device, not a file; write its bytes to a file first");
  EXPECT_EQ(read_file("/dev/null", 10).value(), "");
}

TEST_F(Opening, ReadsWhatAnotherProcessHoldsOpenForUs) {
  Pipe pipe = make_pipe(100).value();
  ASSERT_TRUE(write_all(pipe.write_end, "text").ok());
  pipe.write_end.reset();
  EXPECT_EQ(read_file("/dev/fd/" + std::to_string(pipe.read_end.number()), 10).value(), "text");
}

TEST(WriteAll, WaitsForAReaderWhereThePipeDoesNotBlock) {
  Pipe pipe = make_pipe(4096).value();
  ASSERT_TRUE(set_nonblocking(pipe.write_end).ok());
  const std::string text(1 << 20, 'x');
  std::string read;
  std::jthread reader([&] {
    std::array<char, 4096> bytes{};
    for (std::size_t count = 1; count > 0;) {
      count = read_some(pipe.read_end, bytes).value();
      read.append(bytes.data(), count);
    }
  });
  EXPECT_TRUE(write_all(pipe.write_end, text).ok());
  pipe.write_end.reset();
  reader.join();
  EXPECT_EQ(read, text);
}

TEST(TaskGroup, ReturnsTheFirstErrorAndStopsTheOthers) {
  TaskGroup group{std::stop_token{}};
  Channel<int> never(1);
  group.spawn("waiter", [&](std::stop_token stop) -> Result<void> {
    EXPECT_EQ(never.pop(stop), std::nullopt);
    return {};
  });
  group.spawn("failing", [](const std::stop_token&) -> Result<void> { return sample_error(); });
  auto result = group.wait();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "it broke");
}

TEST(EachPart, AsksAboutEveryPart) {
  std::vector<std::string> parts;
  auto keep = [&](std::string_view part) {
    parts.emplace_back(part);
    return part != "no";
  };
  EXPECT_TRUE(each_part("a..b.", '.', keep));
  EXPECT_THAT(parts, testing::ElementsAre("a", "", "b", ""));
  EXPECT_FALSE(each_part("no.b", '.', keep));
  EXPECT_TRUE(each_part("", '.', keep));
  EXPECT_THAT(parts, testing::ElementsAre("a", "", "b", "", "no", ""));
}

TEST(HostName, IsMadeOfLabels) {
  for (const char* right : {"localhost", "a.b-c.EXAMPLE.org", "127.0.0.1", "x"})
    EXPECT_TRUE(is_host_name(right)) << right;
  for (const char* wrong : {"", ".", "a.", ".a", "a..b", "-a", "a-.b", "a_b", "a b", "é"})
    EXPECT_FALSE(is_host_name(wrong)) << wrong;
}

TEST(ReadFile, RefusesAFileAboveTheLimitAndNamesAMissingOne) {
  EXPECT_FALSE(read_file("/proc/self/maps", 10).ok());
  auto missing = read_file("/nonexistent/file", 10);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("/nonexistent/file"));
}

}  // namespace
}  // namespace quern
