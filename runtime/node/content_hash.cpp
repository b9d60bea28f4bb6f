#include "runtime/node/content_hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace troupe {
namespace {

struct frees {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct content_hash::state {
  std::unique_ptr<EVP_MD_CTX, frees> context{EVP_MD_CTX_new()};
};

content_hash::content_hash() : state_(std::make_unique<state>()) {
  if (!state_->context || EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("this machine's OpenSSL offers no SHA-256");
  }
}

content_hash::~content_hash() = default;

void content_hash::add(const commit& one) {
  add_text(one.stream.name());
  add_text(one.command_id);
  add_text(one.body);
  add_number(one.first_version);
  add_number(one.event_count);
  add_number(one.digest);
  add_number(static_cast<std::uint64_t>(one.time.time_since_epoch().count()));
}

void content_hash::add_bytes(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

void content_hash::add_number(std::uint64_t number) {
  std::array<char, 8> bytes{};
  for (auto& byte : bytes) {
    byte = static_cast<char>(number & 0xffU);
    number >>= 8U;
  }
  add_bytes({bytes.data(), bytes.size()});
}

void content_hash::add_text(std::string_view text) {
  add_number(text.size());
  add_bytes(text);
}

std::string content_hash::text() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context.get(), hash.data(), &size);
  std::string text = "sha256:";
  for (unsigned i = 0; i < size; ++i) {
    text += digits[hash[i] >> 4U];
    text += digits[hash[i] & 15U];
  }
  return text;
}

}  // namespace troupe
