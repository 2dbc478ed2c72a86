#include "stages/inputs/sizes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "model/input.h"
#include "model/limits.h"
#include "services/http/head_reader.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/store.h"

namespace quern::inputs {
namespace {

class Asking;

// A HEAD request under way.
class Exchange final : public http::Receiver {
 public:
  explicit Exchange(Asking& asking) : asking_(asking) {}
  Result<void> begin(const http::Head& /*head*/) override { return {}; }
  Result<void> take(std::string_view /*bytes*/) override { return {}; }
  bool again(http::Request& /*request*/) override { return true; }
  void done(Result<http::Head> outcome) override;

  Input* input = nullptr;  // nullptr if idle

 private:
  Asking& asking_;
};

class Asking {
 public:
  Asking(const RemotePeers& peers, http::Client& client, std::vector<Input>& inputs, std::stop_token stop)
      : peers_(peers), client_(client), inputs_(inputs), stop_(std::move(stop)) {}

  Result<void> run() {
    while (true) {
      while (!failure_.has_value() && running_ < peers_.parallel && next_ < inputs_.size()) {
        if (auto started = start(inputs_[next_++]); !started.ok()) failure_ = std::move(started).error();
      }
      if (running_ == 0) return failure_.has_value() ? Result<void>(*failure_) : Result<void>();
      TRY(client_.step(std::chrono::steady_clock::time_point::max(), -1, stop_));
    }
  }

  void done(Input& input, const Result<http::Head>& outcome) {
    --running_;
    if (outcome.ok()) return learn(input, outcome.value());
    if (outcome.error().code != 0) return;
    if (!s3::is_s3_url(input.url)) {
      silent_hosts_.insert(host_of(input));
    } else if (!failure_.has_value()) {
      failure_ = outcome.error();
    }
  }

 private:
  static std::string host_of(const Input& input) {
    auto url = http::parse_url(input.url);
    return url.ok() ? std::move(url).value().host : "";
  }

  Result<void> start(Input& input) {
    if (!input.is_remote() || input.size_is_known) return {};
    s3::ObjectRequest asked;
    if (s3::is_s3_url(input.url)) {
      TRY_ASSIGN(s3::Store * store, peers_.store());
      TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(input.url));
      TRY_ASSIGN(asked, store->object_request(name.bucket, name.key, stop_));
    } else if (silent_hosts_.contains(host_of(input))) {
      return {};
    } else {
      asked.request = {.url = input.url.str(), .headers = {{.name = "Accept-Encoding", .value = "identity"}}};
    }
    asked.request.method = "HEAD";
    asked.request.longest = limits::kHeadTimeout;
    Exchange& exchange = idle_exchange();
    exchange.input = &input;
    ++running_;
    client_.start(std::move(asked.request), exchange, asked.signer);
    return {};
  }

  Exchange& idle_exchange() {
    auto idle =
        std::find_if(exchanges_.begin(), exchanges_.end(), [](const auto& one) { return one->input == nullptr; });
    if (idle != exchanges_.end()) return **idle;
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    return *exchanges_.back();
  }

  static void learn(Input& input, const http::Head& head) {
    // The length of a body that is compressed for transfer is not the size of the file.
    const std::string_view encoding = head.header("content-encoding").value_or("identity");
    const bool is_plain = s3::is_s3_url(input.url) || encoding == "identity";
    const auto length = is_plain ? head.header("content-length") : std::nullopt;
    const auto size_bytes = length.has_value() ? http::parse_content_length(*length) : std::nullopt;
    // Some servers answer every HEAD with a length of 0.
    input.size_is_known = size_bytes.has_value() && (*size_bytes > 0 || s3::is_s3_url(input.url));
    input.size_binds = false;
    input.stored_bytes = std::min(size_bytes.value_or(0), limits::kMaxInputBytes + 1);
    input.etag = head.header("etag").value_or("");
  }

  const RemotePeers& peers_;
  http::Client& client_;
  std::vector<Input>& inputs_;
  const std::stop_token stop_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::set<std::string> silent_hosts_;
  std::optional<Error> failure_;
};

void Exchange::done(Result<http::Head> outcome) { asking_.done(*std::exchange(input, nullptr), outcome); }

}  // namespace

Result<void> ask_sizes(const RemotePeers& peers, std::vector<Input>& inputs, const std::stop_token& stop) {
  auto is_unknown = [](const Input& input) { return input.is_remote() && !input.size_is_known; };
  if (std::none_of(inputs.begin(), inputs.end(), is_unknown)) return {};
  TRY_ASSIGN(http::Client * client, peers.client());
  return Asking(peers, *client, inputs, stop).run();
}

}  // namespace quern::inputs
