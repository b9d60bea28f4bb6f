#include "bridges/http/otlp_bridge.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>

#include "bridges/http/otlp_encoding.hpp"
#include "bridges/http/time_limit.hpp"
#include "runtime/node/model.hpp"
#include "runtime/node/span_metrics.hpp"

namespace troupe::http {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_answer_bytes = std::size_t{64} * 1024;
constexpr double jitter = 0.2;
constexpr std::chrono::seconds connect_timeout{2};
/// A node that stops does not wait for its collector.
constexpr std::chrono::seconds farewell{1};
/// A collector may ask for a longer pause, within reason.
constexpr std::chrono::seconds longest_pause{60};
/// Time of day that jumps further is followed; less would only tear spans of one trace apart.
constexpr milliseconds least_jump{100};

/// Which answers ask for another attempt (OTLP 1, "Retryable Response Codes").
bool is_passing(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

class otlp_bridge final : public bridge {
 public:
  otlp_bridge(node_model& model, otlp_options options)
      : model_(model),
        options_(std::move(options)),
        origin_{options_.service, options_.node, model.info().value("version", "")},
        exported_(span_counter(model.metrics(), "exported")),
        refused_(span_counter(model.metrics(), "refused")),
        offset_(unix_offset(model.time())) {
    const auto end = options_.endpoint.find('/', options_.endpoint.find("://") + 3);
    place_ = options_.endpoint.substr(0, end);
    path_ = end == std::string::npos ? "" : options_.endpoint.substr(end);
    while (path_.ends_with('/')) path_.pop_back();
    path_ += "/v1/traces";
  }
  ~otlp_bridge() override { stop(); }

  [[nodiscard]] const std::string& name() const override {
    static const std::string own = "otlp";
    return own;
  }

  result<void> start(on_failure failed) override {
    const std::lock_guard life(life_cycle_);
    if (thread_.joinable()) return error{errc::invalid, "bridge otlp has already been started"};
    {
      const std::lock_guard lock(mutex_);
      rest_ = std::stop_source();
      abort_ = std::stop_source();
      exporting_ = true;
    }
    thread_ = std::thread(
        [this, rest = rest_.get_token(), abort = abort_.get_token(), failed = std::move(failed)] {
          try {
            export_spans(rest, abort);
          } catch (const std::exception& problem) {
            if (failed) failed(std::string("exporting spans broke down: ") + problem.what());
          }
          const std::lock_guard lock(mutex_);
          exporting_ = false;
          changed_.notify_all();
        });
    return {};
  }

  /// What has ended so far is sent, if the collector takes it at once.
  void drain() override {
    const std::lock_guard life(life_cycle_);
    if (!thread_.joinable()) return;
    rest_.request_stop();
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, farewell, [this] { return !exporting_; })) abort_.request_stop();
    }
    thread_.join();
    const auto abort = abort_.get_token();
    const auto latest = std::chrono::steady_clock::now() + farewell;
    while (!abort.stop_requested() && std::chrono::steady_clock::now() < latest && fill_hand() &&
           send_hand(abort, farewell)) {
    }
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      rest_.request_stop();
      abort_.request_stop();
    }
    const std::lock_guard life(life_cycle_);
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] json describe() const override {
    const std::lock_guard lock(mutex_);
    return {{"endpoint", place_ + path_},
            {"waiting", model_.tracing()->waiting()},
            {"exported", taken_},
            {"refused", not_taken_},
            {"failedRequests", failed_requests_},
            {"lastError", last_error_.empty() ? json(nullptr) : json(last_error_)}};
  }

 private:
  void export_spans(const std::stop_token& rest, const std::stop_token& abort) {
    unsigned in_vain = 0;
    while (!rest.stop_requested()) {
      if (hand_.empty()) hand_ = model_.tracing()->take(options_.batch, options_.patience, rest);
      if (hand_.empty()) continue;
      if (send_hand(abort, options_.timeout)) {
        in_vain = 0;
      } else {
        pause(in_vain++, rest);
      }
    }
  }

  /// False if nothing is left to be sent.
  bool fill_hand() {
    if (hand_.empty()) hand_ = model_.tracing()->take(options_.batch);
    return !hand_.empty();
  }

  void pause(unsigned in_vain, const std::stop_token& rest) {
    // Past 20 doublings every pause is the longest, and the shift must not overflow.
    auto base =
        std::min(options_.first_pause * (1U << std::min(in_vain, 20U)), options_.last_pause);
    base = std::max<milliseconds>(base, std::exchange(asked_pause_, milliseconds(0)));
    const auto more = std::uniform_real_distribution<>(0, jitter)(random_);
    std::mutex alone;
    std::unique_lock lock(alone);
    std::condition_variable_any never;
    never.wait_for(lock, rest, base + std::chrono::duration_cast<milliseconds>(base * more),
                   [] { return false; });
  }

  /// Sends the batch in hand. False if it is to be sent again later; else it is gone, taken or not.
  bool send_hand(const std::stop_token& abort, milliseconds patience) {
    const auto now = unix_offset(model_.time());
    if (std::chrono::abs(now - offset_) > least_jump) offset_ = now;
    httplib::Request request;
    request.method = "POST";
    request.path = path_;
    request.headers = {{"Content-Type", "application/json"}, {"Accept-Encoding", "identity"}};
    request.body = encode_spans(hand_, origin_, offset_);
    std::string text;
    request.content_receiver = [&](const char* bytes, std::size_t count, std::uint64_t,
                                   std::uint64_t) {
      if (text.size() + count <= most_answer_bytes) text.append(bytes, count);
      return true;
    };
    if (!client_) client_ = make_client();
    const auto answer = [&] {
      const time_limit limit(*client_, abort, patience);
      return client_->send(request);
    }();
    if (!answer) {
      client_.reset();
      failed(httplib::to_string(answer.error()));
      return false;
    }
    if (is_passing(answer->status)) {
      ask_for_pause(answer->get_header_value("Retry-After"));
      failed("answered with " + std::to_string(answer->status));
      return false;
    }
    std::string why;
    std::size_t rejected = 0;
    if (answer->status >= 200 && answer->status < 300) {
      rejected = std::min(rejected_spans(text, why), hand_.size());
    } else {
      rejected = hand_.size();
      why = "answered with " + std::to_string(answer->status);
    }
    concluded(rejected, std::move(why));
    return true;
  }

  std::unique_ptr<httplib::Client> make_client() {
    auto made = std::make_unique<httplib::Client>(place_);
    made->set_connection_timeout(std::min<milliseconds>(options_.timeout, connect_timeout));
    made->set_read_timeout(options_.timeout);
    made->set_write_timeout(options_.timeout);
    made->set_keep_alive(true);
    made->set_follow_location(false);
    return made;
  }

  void ask_for_pause(const std::string& seconds) {
    unsigned asked = 0;
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), asked);
    asked_pause_ = std::min(std::chrono::seconds(asked), longest_pause);
  }

  void failed(std::string why) {
    const std::lock_guard lock(mutex_);
    ++failed_requests_;
    last_error_ = std::move(why);
  }

  void concluded(std::size_t rejected, std::string why) {
    const auto taken = hand_.size() - rejected;
    hand_.clear();
    exported_.add(static_cast<double>(taken));
    refused_.add(static_cast<double>(rejected));
    const std::lock_guard lock(mutex_);
    taken_ += taken;
    not_taken_ += rejected;
    last_error_ = std::move(why);
  }

  node_model& model_;
  const otlp_options options_;
  const span_origin origin_;
  std::string place_;  ///< Scheme, host and port.
  std::string path_;
  metric_counter& exported_;
  metric_counter& refused_;

  std::mutex life_cycle_;  ///< For the thread, and for what it alone has while it runs:
  std::thread thread_;
  std::unique_ptr<httplib::Client> client_;
  std::vector<span> hand_;  ///< The batch that is being sent.
  std::chrono::nanoseconds offset_;
  milliseconds asked_pause_{0};
  std::mt19937 random_{std::random_device{}()};

  mutable std::mutex mutex_;  ///< For what follows.
  std::condition_variable changed_;
  std::stop_source rest_{std::nostopstate};   ///< Ends waiting; a request under way is finished.
  std::stop_source abort_{std::nostopstate};  ///< Ends that too.
  bool exporting_ = false;                    ///< The thread runs.
  std::uint64_t taken_ = 0;
  std::uint64_t not_taken_ = 0;
  std::uint64_t failed_requests_ = 0;
  std::string last_error_;
};

}  // namespace

std::shared_ptr<bridge> make_otlp_bridge(node_model& model, otlp_options options) {
  return std::make_shared<otlp_bridge>(model, std::move(options));
}

}  // namespace troupe::http
