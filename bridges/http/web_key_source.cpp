#include "bridges/http/web_key_source.hpp"

#include <utility>

#include <httplib.h>

#include "bridges/http/time_limit.hpp"

namespace troupe::http {
namespace {

constexpr std::size_t most_key_set_bytes = std::size_t{256} * 1024;

class web_key_source final : public key_source {
 public:
  web_key_source(std::string url, std::string origin, std::string path,
                 std::chrono::milliseconds patience)
      : url_(std::move(url)),
        origin_(std::move(origin)),
        path_(std::move(path)),
        patience_(patience) {}

  [[nodiscard]] const std::string& place() const override { return url_; }

  result<std::string> fetch(std::stop_token stopping) override {
    const auto failed = [this](const std::string& why) {
      return error{errc::unavailable, "the keys at " + url_ + " cannot be fetched: " + why};
    };
    httplib::Client client(origin_);
    if (!client.is_valid()) return failed("the URL cannot be used");
    client.set_connection_timeout(patience_);
    client.set_read_timeout(patience_);
    client.set_write_timeout(patience_);
    client.set_follow_location(false);
    std::string text;
    bool too_long = false;
    const auto take = [&](const char* data, std::size_t size) {
      too_long = text.size() + size > most_key_set_bytes;
      if (!too_long) text.append(data, size);
      return !too_long;
    };
    const auto answer = [&] {
      const time_limit limit(client, std::move(stopping), patience_);
      return client.Get(path_, {{"Accept", "application/json"}, {"Accept-Encoding", "identity"}},
                        take);
    }();
    if (too_long) return failed("larger than " + std::to_string(most_key_set_bytes) + " bytes");
    if (!answer) return failed(httplib::to_string(answer.error()));
    if (answer->status != 200) return failed("answered with " + std::to_string(answer->status));
    return text;
  }

 private:
  const std::string url_;
  const std::string origin_;
  const std::string path_;
  const std::chrono::milliseconds patience_;
};

}  // namespace

result<std::shared_ptr<key_source>> make_web_key_source(const std::string& url,
                                                        std::chrono::milliseconds patience) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? url.size() : scheme + 3;
  const auto slash = std::min(url.find('/', begin), url.size());
  const auto path = slash == url.size() ? std::string("/") : url.substr(slash);
  const auto origin = url.substr(0, slash);
  if (begin >= slash || (!url.starts_with("https://") && !url.starts_with("http://")))
    return error{errc::invalid, "'" + url + "' is no URL like https://example.com/jwks.json"};
  return std::shared_ptr<key_source>(std::make_shared<web_key_source>(url, origin, path, patience));
}

}  // namespace troupe::http
