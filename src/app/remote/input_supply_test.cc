#include "app/remote/input_supply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Objects arrive when the test says so.
class FakeFetch final : public fetch::Fetch {
 public:
  explicit FakeFetch(std::function<void(InputOrdinal)> on_settled) : on_settled_(std::move(on_settled)) {}
  Result<void> run(const std::stop_token&) override { return {}; }
  Result<std::uint64_t> outcome(InputOrdinal input) const override {
    if (failed_.contains(input)) return Error{.kind = ErrorKind::kNotFound, .message = "404"};
    return 0;
  }
  Result<Fd> open_file(InputOrdinal input) const override {
    TRY(outcome(input));
    return quern::open_file("/dev/null", 0);
  }
  void release(InputOrdinal input) override { released_.push_back(input); }
  void need(InputOrdinal first, std::size_t count) override {
    needed_.emplace_back(first, count);
    if (when_needed_) when_needed_();
  }

  void settle(InputOrdinal input) { on_settled_(input); }

  std::set<InputOrdinal> failed_;
  std::vector<InputOrdinal> released_;
  std::vector<std::pair<InputOrdinal, std::size_t>> needed_;
  std::function<void()> when_needed_;

 private:
  const std::function<void(InputOrdinal)> on_settled_;
};

// The first `local` of them are local.
InputList list_of(std::size_t count, std::size_t local = 0) {
  InputList list;
  for (std::size_t i = 0; i < count; ++i) {
    list.inputs.append(
        {.name = std::to_string(i), .path = "/nowhere", .url = i < local ? "" : "s3://b/" + std::to_string(i)});
  }
  return list;
}

struct Supplied {
  explicit Supplied(InputList list, std::map<InputOrdinal, Error> refused = {})
      : inputs(std::move(list)),
        supply(make_fetching_supply(inputs, std::move(refused), events, [this](auto on_settled) {
          auto made = std::make_unique<FakeFetch>(std::move(on_settled));
          fetch = made.get();
          return made;
        })) {}

  InputList inputs;
  NoEvents events;
  FakeFetch* fetch = nullptr;
  std::unique_ptr<InputSupply> supply;
};

TEST(InputSupply, DealsOutPiecesWhenAllOfTheirInputsAreHere) {
  Supplied supplied(list_of(6));
  supplied.fetch->settle(5);
  auto queue = supplied.supply->queue({{0, 1}, {1, 3}, {4, 1}, {5, 1}});
  EXPECT_EQ(queue->next({}), 3U);
  supplied.fetch->settle(1);
  supplied.fetch->settle(3);
  supplied.fetch->settle(4);
  EXPECT_EQ(queue->next({}), 2U);
  supplied.fetch->settle(2);
  supplied.fetch->settle(0);
  EXPECT_EQ(queue->next({}), 0U);
  EXPECT_EQ(queue->next({}), 1U);
  EXPECT_EQ(queue->next({}), std::nullopt);
  EXPECT_TRUE(supplied.fetch->needed_.empty());
}

TEST(InputSupply, SaysForWhatItWaits) {
  Supplied supplied(list_of(5));
  auto queue = supplied.supply->queue({{0, 2}, {2, 2}, {4, 1}});
  supplied.fetch->settle(0);
  supplied.fetch->settle(1);
  EXPECT_EQ(queue->next({}), 0U);
  std::jthread arrival;
  supplied.fetch->when_needed_ = [&] {
    arrival = std::jthread([&] {
      supplied.fetch->settle(2);
      supplied.fetch->settle(3);
    });
  };
  EXPECT_EQ(queue->next({}), 1U);
  EXPECT_THAT(supplied.fetch->needed_, ElementsAre(std::pair<InputOrdinal, std::size_t>(2, 2)));
}

TEST(InputSupply, StopsWaiting) {
  Supplied supplied(list_of(1));
  auto queue = supplied.supply->queue({{0, 1}});
  std::stop_source stop;
  supplied.fetch->when_needed_ = [&] { stop.request_stop(); };
  EXPECT_EQ(queue->next(stop.get_token()), std::nullopt);
  supplied.fetch->when_needed_ = nullptr;
  EXPECT_TRUE(supplied.supply->run({}).ok());
  EXPECT_EQ(queue->next({}), std::nullopt) << "nothing else comes after the fetcher's end";
}

TEST(InputSupply, OpensWithTheReasonOfAFailure) {
  Supplied supplied(list_of(2), {{1, Error{.kind = ErrorKind::kBadInput, .message = "it has .. in it"}}});
  supplied.fetch->failed_ = {0};
  auto queue = supplied.supply->queue({{0, 1}, {1, 1}});
  EXPECT_EQ(queue->next({}), 1U) << "what is refused is not waited for";
  supplied.fetch->settle(0);
  EXPECT_EQ(queue->next({}), 0U);
  EXPECT_THAT(supplied.supply->open(0, supplied.inputs.inputs[0]).error().message, HasSubstr("404"));
  EXPECT_THAT(supplied.supply->open(1, supplied.inputs.inputs[1]).error().message, HasSubstr(".. in it"));
}

TEST(InputSupply, ReleasesWhatWasFetchedAndIsDone) {
  Supplied supplied(list_of(4, 1), {{3, Error{.message = "refused"}}});
  for (InputOrdinal i : {0U, 1U}) supplied.supply->listener().emit(event::InputDecoded{.input = i});
  for (InputOrdinal i : {2U, 3U}) supplied.supply->listener().emit(event::InputFailed{.input = i, .error = {}});
  EXPECT_THAT(supplied.fetch->released_, ElementsAre(1U, 2U));
}

TEST(InputSupply, OfLocalFilesDealsThemOutInOrder) {
  auto supply = make_local_supply();
  auto queue = supply->queue({{0, 3}, {3, 1}});
  EXPECT_EQ(queue->next({}), 0U);
  EXPECT_EQ(queue->next({}), 1U);
  EXPECT_EQ(queue->next({}), std::nullopt);
}

}  // namespace
}  // namespace quern::app
