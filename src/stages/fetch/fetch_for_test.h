#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "fakes/fault_server.h"
#include "model/event.h"
#include "services/http/http.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/local_names.h"

// Shared by the tests of fetching.

namespace quern::fetch {

struct Notes final : EventSink {
  void emit(const event::Event& event) override {
    if (const auto* note = std::get_if<event::Note>(&event)) texts.push_back(note->text);
    if (const auto* one = std::get_if<event::InputUnverified>(&event)) unverified.push_back(one->input);
  }
  std::vector<std::string> texts;
  std::vector<InputOrdinal> unverified;
};

inline std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline std::string read_whole(const Fd& file) {
  std::string text(1000, '\0');
  text.resize(read_some(file, text).value());
  return text;
}

// A server, a folder, and one Fetch that fetches from the one into the other.
class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    options_.spool_bytes = 1ULL << 30;
    options_.part_bytes = 100000;
    options_.attempts = 3;
    options_.http.retry = {.first_wait = std::chrono::milliseconds(1), .longest_wait = std::chrono::milliseconds(2)};
    // Only the test in which the server stalls sets a short time: on a busy machine any answer may take long.
    options_.http.timeouts.stall = std::chrono::seconds(60);
  }
  ~FetchTest() override {
    fetch_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve(const std::string& plan) { server_ = std::make_unique<fakes::FaultServer>(plan); }
  Remote& add(const std::string& key, const std::string& path = "") {
    auto input = static_cast<InputOrdinal>(remotes_.size());
    remotes_.push_back(
        {.input = input, .request = {.url = server_->url("/" + key)}, .name = path.empty() ? key : path});
    return remotes_.back();
  }
  Fetch& make() {
    auto on_settled = [this](InputOrdinal input) {
      settled_.push_back(input);
      if (on_settled_) on_settled_(input);
    };
    fetch_ = make_fetch(options_, DownloadFolder::open(folder_, options_.keep, notes_).value(), remotes_,
                        {notes_, on_settled});
    return *fetch_;
  }
  // Starts everything again, as another run of quern would.
  void run() {
    settled_.clear();
    fetch_.reset();
    auto result = make().run(stop_.get_token());
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(settled_.size(), remotes_.size());
  }
  Error error(InputOrdinal input) {
    auto outcome = fetch_->outcome(input);
    return outcome.ok() ? Error{.message = "no error"} : outcome.error();
  }
  std::string path(InputOrdinal input) { return folder_ + "/" + remotes_[input].name; }
  void expect_content(InputOrdinal input, const std::string& content) {
    EXPECT_EQ(error(input).message, "no error");
    EXPECT_EQ(contents(path(input)), content);
  }
  // The names in the folder, except folders and the lock.
  std::vector<std::string> files() {
    std::vector<std::string> found;
    if (!std::filesystem::exists(folder_)) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_directory() || entry.path().filename() == kLockName) continue;
      found.push_back(entry.path().lexically_relative(folder_));
    }
    return found;
  }
  std::string requests() {
    auto client = http::make_client({}).value();
    return client->call({.url = server_->url("/_requests")}, nullptr, {}).value().body;
  }
  std::size_t count_requests(const std::string& part = "\"method\"") {
    std::string text = requests();
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  std::string folder_ = ::testing::TempDir() + "fetch_test." + std::to_string(::getpid());
  std::unique_ptr<fakes::FaultServer> server_;
  FetchOptions options_;
  std::vector<Remote> remotes_;
  Notes notes_;
  std::stop_source stop_;
  std::vector<InputOrdinal> settled_;
  std::function<void(InputOrdinal)> on_settled_;
  std::unique_ptr<Fetch> fetch_;
};

}  // namespace quern::fetch
