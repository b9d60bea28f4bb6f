#include "bridges/nats/connection.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace troupe::nats {
namespace {

constexpr std::chrono::milliseconds longest_setup{5'000};

constexpr int milliseconds_between_tries = 250;
/// Nodes that lost the same broker do not come back in step.
constexpr int jitter_milliseconds = 500;
constexpr int milliseconds_between_pings = 5'000;
constexpr int pings_unanswered = 2;

/// nats.c 3.4.1 sends no signature of the broker's nonce that begins with a zero byte, as one in
/// 256 does, and the broker then refuses good credentials.
constexpr int tries_with_credentials = 4;

using options_ptr = std::unique_ptr<natsOptions, destroys<natsOptions_Destroy>>;

std::string joined(const std::vector<std::string>& urls) {
  std::string text;
  for (const auto& url : urls) {
    // A password stays out of messages.
    const auto at = url.rfind('@');
    text += (text.empty() ? "" : ", ") + (at == std::string::npos ? url : url.substr(at + 1));
  }
  return text;
}

result<options_ptr> to_native(const connection_options& options) {
  natsOptions* made = nullptr;
  if (const auto status = natsOptions_Create(&made); status != NATS_OK) {
    return failure_of(status, "the NATS library");
  }
  options_ptr owned(made);
  std::vector<const char*> urls;
  for (const auto& url : options.urls) urls.push_back(url.c_str());
  if (natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size())) != NATS_OK) {
    return error{errc::invalid,
                 "--nats: '" + joined(options.urls) + "' is not a URL like nats://127.0.0.1:4222"};
  }
  const auto timeout = static_cast<std::int64_t>(options.answer_timeout.count());
  natsStatus status = natsOptions_SetName(made, options.name.c_str());
  const auto then = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  then(natsOptions_SetTimeout(made, timeout));
  then(natsOptions_SetMaxReconnect(made, -1));
  then(natsOptions_SetReconnectWait(made, milliseconds_between_tries));
  then(natsOptions_SetReconnectJitter(made, jitter_milliseconds, jitter_milliseconds));
  then(natsOptions_SetReconnectBufSize(made, 0));
  then(natsOptions_SetPingInterval(made, milliseconds_between_pings));
  then(natsOptions_SetMaxPingsOut(made, pings_unanswered));
  then(natsOptions_SetFailRequestsOnDisconnect(made, true));
  if (status != NATS_OK) return failure_of(status, "the NATS library's options");
  if (!options.credentials.empty() && natsOptions_SetUserCredentialsFromFiles(
                                          made, options.credentials.c_str(), nullptr) != NATS_OK) {
    return error{errc::invalid,
                 "--nats-creds: " + options.credentials.string() + " cannot be used"};
  }
  if (!options.ca.empty() &&
      (natsOptions_SetSecure(made, true) != NATS_OK ||
       natsOptions_LoadCATrustedCertificates(made, options.ca.c_str()) != NATS_OK)) {
    return error{errc::invalid, "--nats-ca: " + options.ca.string() +
                                    " is not a readable PEM file with an authority's certificate"};
  }
  return owned;
}

/// Why no connection came about, and what to do.
error not_connected(const connection_options& options, natsStatus status) {
  const auto broker = "the broker at " + joined(options.urls);
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  const auto why = std::string(": ") +
                   (last == status && detail != nullptr ? detail : natsStatus_GetText(status));
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
      if (!options.credentials.empty()) {
        return {errc::invalid,
                "--nats-creds: " + broker + " refuses " + options.credentials.string() + why};
      }
      return {errc::invalid, "--nats: " + broker +
                                 " refuses this node; put user and password or a token before an "
                                 "'@' in the URL, or name a file with --nats-creds" +
                                 why};
    case NATS_SECURE_CONNECTION_WANTED:
      return {errc::invalid,
              "--nats-ca: " + broker + " speaks no TLS; turn it on there, or leave --nats-ca out"};
    case NATS_SSL_ERROR:
      if (!options.ca.empty()) {
        return {errc::invalid, "--nats-ca: " + broker + " has no certificate that " +
                                   options.ca.string() + " vouches for" + why};
      }
      return {errc::invalid, "--nats: " + broker +
                                 " speaks TLS, and nothing vouches for it; name its authority's "
                                 "certificate with --nats-ca" +
                                 why};
    case NATS_ERR:
    case NATS_NOT_FOUND:
      if (!options.credentials.empty()) {
        return {errc::invalid, "--nats-creds: " + options.credentials.string() +
                                   " holds no user's credentials as 'nsc' writes them" + why};
      }
      [[fallthrough]];
    default:
      return {errc::unavailable, "--nats: no server can be reached at " + joined(options.urls) +
                                     ": " + natsStatus_GetText(status) +
                                     "; start one ('nats-server -js') or name another"};
  }
}

/// What a broker says that passes by itself: servers of a cluster look for each other or for a
/// leader, or another node makes the same stream in this moment. The library gives these words
/// everywhere, the code only in some places; they are the server's own fixed texts of 10004, 10005,
/// 10008, 10009, 10077, 10118 and 10119.
bool passes(std::string_view detail) {
  constexpr auto passing = std::to_array<std::string_view>(
      {"incomplete results", "no suitable peers for placement",
       "JetStream system temporarily unavailable", "JetStream cluster can not handle request",
       "error creating store for stream", "stream is offline", "consumer is offline"});
  return std::ranges::any_of(
      passing, [&](std::string_view one) { return detail.find(one) != std::string_view::npos; });
}

}  // namespace

error failure_of(natsStatus status, const std::string& doing) {
  const bool away = status == NATS_TIMEOUT || status == NATS_NO_SERVER ||
                    status == NATS_CONNECTION_CLOSED || status == NATS_CONNECTION_DISCONNECTED ||
                    status == NATS_NO_RESPONDERS || status == NATS_IO_ERROR ||
                    status == NATS_STALE_CONNECTION || status == NATS_INSUFFICIENT_BUFFER ||
                    status == NATS_NOT_YET_CONNECTED;
  natsStatus last = NATS_OK;
  const char* said = nats_GetLastError(&last);
  const std::string_view detail = last == status && said != nullptr ? said : "";
  std::string text = doing + ": " + natsStatus_GetText(status);
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  return {away || passes(detail) ? errc::unavailable : errc::internal, std::move(text)};
}

result<std::shared_ptr<connection>> connection::open(const connection_options& options) {
  std::shared_ptr<connection> made(new connection(options));
  if (auto opened = made->connect(); !opened) return opened.error();
  return made;
}

result<void> connection::connect() {
  auto options = to_native(options_);
  if (!options) return std::move(options).error();
  for (const auto status : {natsOptions_SetDisconnectedCB(options->get(), lost, this),
                            natsOptions_SetReconnectedCB(options->get(), back, this),
                            natsOptions_SetClosedCB(options->get(), closed, this)}) {
    if (status != NATS_OK) return failure_of(status, "the NATS library's options");
  }
  natsConnection* opened = nullptr;
  natsStatus status = natsConnection_Connect(&opened, options->get());
  for (int tries = 1; status == NATS_CONNECTION_AUTH_FAILED && !options_.credentials.empty() &&
                      tries < tries_with_credentials;
       ++tries) {
    status = natsConnection_Connect(&opened, options->get());
  }
  if (status != NATS_OK) return not_connected(options_, status);
  connection_.reset(opened);
  jsOptions wishes;
  jsOptions_Init(&wishes);
  // A stream or a bucket is made with several flushes to disk, which may take longer than an
  // answer.
  wishes.Wait = std::max(options_.answer_timeout, longest_setup).count();
  jsCtx* context = nullptr;
  status = natsConnection_JetStream(&context, opened, &wishes);
  if (status != NATS_OK) return failure_of(status, "JetStream");
  jetstream_.reset(context);
  return {};
}

connection::~connection() {
  if (!connection_) return;
  natsConnection_Close(native());
  std::unique_lock lock(mutex_);
  change_.wait(lock, [this] { return closed_; });
}

void connection::lost(natsConnection*, void* self) {
  auto& own = *static_cast<connection*>(self);
  own.changed(false);
  own.lost_.notify();
}

void connection::back(natsConnection*, void* self) {
  auto& own = *static_cast<connection*>(self);
  own.changed(false);
  own.back_.notify();
}

void connection::closed(natsConnection*, void* self) {
  static_cast<connection*>(self)->changed(true);
}

void connection::changed(bool for_good) {
  const std::lock_guard lock(mutex_);
  ++changes_;
  closed_ = closed_ || for_good;
  change_.notify_all();
}

result<void> connection::connected() const {
  switch (natsConnection_Status(native())) {
    case NATS_CONN_STATUS_CONNECTED:
      return {};
    case NATS_CONN_STATUS_CLOSED:
      // The library gives up when it is refused twice in the same words.
      return error{errc::unavailable, "the broker at " + joined(options_.urls) +
                                          " has refused this node and is not asked again: mend "
                                          "--nats or --nats-creds and restart the node"};
    default:
      return error{errc::unavailable,
                   "the broker is away: reconnecting to " + joined(options_.urls)};
  }
}

bool connection::await_connected(monotonic_time deadline) const {
  std::unique_lock lock(mutex_);
  change_.wait_until(lock, deadline, [this] { return closed_ || connected(); });
  return connected().has_value();
}

void connection::pause(std::chrono::milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  change_.wait_for(lock, at_most, [this, before = changes_] { return changes_ != before; });
}

std::size_t connection::max_payload() const {
  return static_cast<std::size_t>(natsConnection_GetMaxPayload(native()));
}

}  // namespace troupe::nats
