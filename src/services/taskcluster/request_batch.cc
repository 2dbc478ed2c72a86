#include "services/taskcluster/request_batch.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "model/limits.h"

namespace quern::taskcluster {

// One request in progress.
class Batch::Exchange final : public http::Receiver {
 public:
  Exchange(std::size_t number, Question question) : number_(number), question_(std::move(question)) {}

  void start(Api& api) {
    auto request = Api::request_for(api.access().api_root_url, question_);
    if (!request.ok()) {
      outcome_ = std::move(request).error();
      return;
    }
    request.value().decodes = true;
    api.client().start(std::move(request).value(), *this, api.signer());
  }

  Result<void> begin(const http::Head& /*head*/) override {
    body_.clear();
    return {};
  }
  Result<void> take(std::string_view bytes) override {
    if (bytes.size() > limits::kMaxShortAnswerBytes - body_.size()) {
      return bad_input("the answer is longer than " + std::to_string(limits::kMaxShortAnswerBytes) + " bytes");
    }
    body_.append(bytes);
    return {};
  }
  bool again(http::Request& /*request*/) override { return true; }
  void done(Result<http::Head> outcome) override { outcome_ = std::move(outcome); }

  bool has_ended() const { return outcome_.has_value(); }
  Answer answer(const Api& api) {
    if (!outcome_->ok()) return {number_, std::move(*outcome_).error().with_context(question_.name)};
    return {number_, api.read(api.access().api_root_url, question_,
                              {.head = std::move(*outcome_).value(), .body = std::move(body_)})};
  }

 private:
  const std::size_t number_;
  const Question question_;
  std::string body_;
  std::optional<Result<http::Head>> outcome_;
};

Batch::Batch(Api& api) : api_(api) {}

Batch::~Batch() {
  for (auto& exchange : exchanges_) {
    if (!exchange->has_ended()) api_.client().cancel(*exchange);
  }
  // The client calls its receivers once more, so they must still exist.
  auto is_open = [](const auto& exchange) { return !exchange->has_ended(); };
  while (std::any_of(exchanges_.begin(), exchanges_.end(), is_open)) {
    if (!api_.client().step(std::chrono::steady_clock::now(), -1, {}).ok()) break;
  }
}

bool Batch::has_room() const { return exchanges_.size() < limits::kMostQuestionsAtOnce; }

std::size_t Batch::open() const { return exchanges_.size() + answers_.size(); }

void Batch::ask(std::size_t number, Question question) {
  CHECK(has_room());
  exchanges_.push_back(std::make_unique<Exchange>(number, std::move(question)));
  exchanges_.back()->start(api_);
}

void Batch::take_ends() {
  for (auto& exchange : exchanges_) {
    if (exchange->has_ended()) answers_.push_back(exchange->answer(api_));
  }
  std::erase_if(exchanges_, [](const auto& exchange) { return exchange->has_ended(); });
}

Result<Batch::Answer> Batch::next(const std::stop_token& stop) {
  CHECK(open() > 0);
  while (true) {
    take_ends();
    if (!answers_.empty()) break;
    TRY(api_.client().step(std::chrono::steady_clock::now() + limits::kHttpLookInterval, -1, stop));
  }
  Answer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

}  // namespace quern::taskcluster
