#include "model/shared_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quern {
namespace {

TEST(SharedText, IsTheTextThatItWasMadeOf) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("with\0zero", 9), std::string(1 << 20, 'x')}) {
    const SharedText kept(text);
    EXPECT_EQ(kept.view(), text);
    EXPECT_EQ(kept.str(), text);
    EXPECT_EQ(kept.size(), text.size());
    EXPECT_EQ(kept.empty(), text.empty());
    EXPECT_EQ(kept, SharedText(text));
  }
  EXPECT_EQ(SharedText(), "");
}

TEST(SharedText, IsPrintedAsText) { EXPECT_EQ(fmt::format("{}|{:>3}", SharedText("a b"), SharedText("c")), "a b|  c"); }

TEST(SharedText, IsOrderedAsItsBytes) {
  EXPECT_LT(SharedText("a"), SharedText("ab"));
  EXPECT_LT(SharedText("ab"), SharedText("b"));
  EXPECT_LT(SharedText("z"), SharedText("\xff"));
  EXPECT_LT(SharedText(), SharedText("a"));
}

TEST(SharedText, StaysWhenWhatItWasMadeOfIsGone) {
  SharedText kept;
  {
    std::string text = "gone";
    kept = SharedText(text);
    text.assign(4, '-');
  }
  const SharedText copy = kept;
  EXPECT_EQ(kept, "gone");
  EXPECT_EQ(copy.view().data(), kept.view().data()) << "a copy is the same text";
}

TEST(SharedText, IsFreedByTheLastOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5'000;
  SharedText first = "of all";
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([own = first] {
      for (int i = 0; i < kRounds; ++i) {
        const std::vector<SharedText> copies(3, own);
        ASSERT_EQ(copies.back(), "of all");
      }
    });
  }
  first = SharedText();
}

TEST(SharedText, IsAssignedAndMoved) {
  SharedText one = "one";
  SharedText two = one;
  one = SharedText("other");
  EXPECT_EQ(two, "one");
  SharedText moved = std::move(two);
  EXPECT_EQ(moved, "one");
  two = moved;
  moved = moved.str();
  EXPECT_EQ(two, moved);
  const SharedText& itself = moved;
  moved = itself;
  EXPECT_EQ(moved, "one");
}

}  // namespace
}  // namespace quern
