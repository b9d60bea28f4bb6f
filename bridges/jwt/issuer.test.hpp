#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/json.hpp"

namespace troupe::jwt {

/// base64url, as the tests' tokens need it written.
inline std::string encode_base64url(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned pending = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    pending = (pending << 8U) | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) text += letters[(pending >> (count - 6)) & 63U];
  }
  if (count > 0) text += letters[(pending << (6 - count)) & 63U];
  return text;
}

/// A key pair with its public half as JWK.
class signing_key {
 public:
  static signing_key rsa(std::string id, unsigned bits = 2048) {
    return {EVP_RSA_gen(bits), std::move(id), "RS256"};
  }
  static signing_key ec(std::string id, const char* curve = "P-256") {
    return {EVP_EC_gen(curve), std::move(id), "ES256"};
  }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& algorithm() const { return algorithm_; }

  [[nodiscard]] json jwk() const {
    if (algorithm_ == "RS256") {
      return {{"kty", "RSA"},   {"kid", id_},       {"use", "sig"},
              {"alg", "RS256"}, {"n", number("n")}, {"e", number("e")}};
    }
    std::size_t size = 0;
    std::string point(133, '\0');
    EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                    reinterpret_cast<unsigned char*>(point.data()), point.size(),
                                    &size);
    const auto half = (size - 1) / 2;
    return {{"kty", "EC"},
            {"kid", id_},
            {"crv", half == 32 ? "P-256" : "P-384"},
            {"x", encode_base64url(std::string_view(point).substr(1, half))},
            {"y", encode_base64url(std::string_view(point).substr(1 + half, half))}};
  }

  /// DER for EC keys, as OpenSSL makes it.
  [[nodiscard]] std::string sign_raw(std::string_view text, const EVP_MD* digest = EVP_sha256(),
                                     bool pss = false) const {
    EVP_PKEY_CTX* options = nullptr;
    auto* context = EVP_MD_CTX_new();
    std::size_t size = 1024;
    std::string signature(size, '\0');
    const bool done =
        EVP_DigestSignInit(context, &options, digest, nullptr, key_.get()) == 1 &&
        (!pss || EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1) &&
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    EVP_MD_CTX_free(context);
    if (!done) throw std::runtime_error("cannot sign");
    signature.resize(size);
    return signature;
  }

  /// As tokens have it.
  [[nodiscard]] std::string sign(std::string_view text) const {
    const auto raw = sign_raw(text);
    if (algorithm_ == "RS256") return raw;
    const auto* begin = reinterpret_cast<const unsigned char*>(raw.data());
    auto* pair = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(raw.size()));
    std::string both(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(both.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
    return both;
  }

 private:
  signing_key(EVP_PKEY* key, std::string id, std::string algorithm)
      : key_(key, EVP_PKEY_free), id_(std::move(id)), algorithm_(std::move(algorithm)) {
    if (key == nullptr) throw std::runtime_error("cannot make a key");
  }

  [[nodiscard]] std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return encode_base64url(bytes);
  }

  std::shared_ptr<EVP_PKEY> key_;
  std::string id_;
  std::string algorithm_;
};

/// Header and payload as a token has them, still without a signature.
inline std::string unsigned_token(std::string_view header, std::string_view payload) {
  return encode_base64url(header) + '.' + encode_base64url(payload);
}

inline std::string signed_token(const signing_key& key, std::string_view header,
                                std::string_view payload) {
  const auto text = unsigned_token(header, payload);
  return text + '.' + encode_base64url(key.sign(text));
}

inline std::string hmac_of(std::string_view secret, std::string_view text) {
  unsigned size = 0;
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  mac.resize(size);
  return mac;
}

}  // namespace troupe::jwt
