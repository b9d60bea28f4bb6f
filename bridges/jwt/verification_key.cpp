#include "bridges/jwt/verification_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <utility>
#include <vector>

#include "bridges/jwt/base64url.hpp"

namespace troupe::jwt {
namespace {

constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 8192;  ///< Checking grows with the square of the size.
constexpr std::size_t most_exponent_bytes = 4;
constexpr std::size_t coordinate_bytes = 32;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* one) const {
    Free(one);
  }
};
using pkey_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using pkey_context = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using big_number = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>>;
using param_list = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>>;
using ecdsa_pair = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

big_number number_of(std::string_view bytes) {
  return big_number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// A member that must be text; "" when it is absent or something else.
std::string member_text(const json& jwk, const char* name) {
  const auto found = jwk.find(name);
  return found != jwk.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A member of base64url text, decoded; "" when it is none.
std::string member_bytes(const json& jwk, const char* name) {
  return decode_base64url(member_text(jwk, name)).value_or("");
}

pkey_ptr key_from(const char* type, const param_builder& builder) {
  const param_list parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const pkey_context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  pkey_ptr key(made);
  const pkey_context checking(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!checking || EVP_PKEY_public_check(checking.get()) != 1) return nullptr;
  return key;
}

result<pkey_ptr> rsa_key(const json& jwk) {
  const auto modulus = member_bytes(jwk, "n");
  const auto exponent = member_bytes(jwk, "e");
  if (modulus.empty() || exponent.empty() || modulus.front() == '\0' || exponent.front() == '\0')
    return error{errc::invalid, "n and e must be base64url numbers without leading zeros"};
  if (modulus.size() * 8 > most_rsa_bits || exponent.size() > most_exponent_bytes)
    return error{errc::invalid, "the RSA key is larger than 8192 bits, or its exponent than 32"};
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  if (BN_num_bits(n.get()) < least_rsa_bits)
    return error{errc::invalid, "the RSA key is smaller than 2048 bits"};
  if (BN_is_odd(e.get()) != 1 || BN_is_one(e.get()) == 1 || BN_is_odd(n.get()) != 1)
    return error{errc::invalid, "n and e are no RSA key"};
  const param_builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  auto key = key_from("RSA", builder);
  if (!key) return error{errc::invalid, "n and e are no RSA key"};
  return key;
}

result<pkey_ptr> p256_key(const json& jwk) {
  const auto x = member_bytes(jwk, "x");
  const auto y = member_bytes(jwk, "y");
  if (x.size() != coordinate_bytes || y.size() != coordinate_bytes)
    return error{errc::invalid, "x and y must be 32 bytes of base64url each"};
  const auto point = '\x04' + x + y;  // The uncompressed form.
  const param_builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  auto key = key_from("EC", builder);
  if (!key) return error{errc::invalid, "x and y are no point of P-256"};
  return key;
}

/// OpenSSL knows ECDSA signatures as DER, tokens as the two numbers side by side.
std::vector<unsigned char> der_of(std::string_view signature) {
  if (signature.size() != 2 * coordinate_bytes) return {};
  const ecdsa_pair pair(ECDSA_SIG_new());
  auto r = number_of(signature.substr(0, coordinate_bytes));
  auto s = number_of(signature.substr(coordinate_bytes));
  if (!pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  r.release();  // NOLINT(bugprone-unused-return-value): the pair owns them now.
  s.release();  // NOLINT(bugprone-unused-return-value)
  unsigned char* encoded = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &encoded);
  if (size <= 0) return {};
  std::vector<unsigned char> der(encoded, encoded + size);
  OPENSSL_free(encoded);
  return der;
}

}  // namespace

struct verification_key::handle {
  pkey_ptr key;
};

result<verification_key> verification_key::from_jwk(const json& jwk) {
  if (!jwk.is_object()) return error{errc::invalid, "a key must be an object"};
  if (jwk.contains("use") && member_text(jwk, "use") != "sig")
    return error{errc::unsupported, "the key is not for signatures"};
  if (const auto operations = jwk.find("key_ops"); operations != jwk.end()) {
    const bool verifies =
        operations->is_array() &&
        std::find(operations->begin(), operations->end(), "verify") != operations->end();
    if (!verifies) return error{errc::unsupported, "the key is not for checking signatures"};
  }
  const auto type = member_text(jwk, "kty");
  const bool rsa = type == "RSA";
  if (!rsa && (type != "EC" || member_text(jwk, "crv") != "P-256"))
    return error{errc::unsupported, "only RSA and P-256 keys are used"};
  std::string algorithm = rsa ? "RS256" : "ES256";
  if (jwk.contains("alg") && member_text(jwk, "alg") != algorithm)
    return error{errc::unsupported, "only RS256 and ES256 are used"};
  auto key = rsa ? rsa_key(jwk) : p256_key(jwk);
  ERR_clear_error();
  if (!key) return std::move(key).error();
  return verification_key(std::move(algorithm),
                          std::make_shared<const handle>(handle{*std::move(key)}));
}

bool verification_key::verifies(std::string_view text, std::string_view signature) const {
  std::vector<unsigned char> encoded;
  if (algorithm_ == "ES256") {
    encoded = der_of(signature);
  } else {
    encoded.assign(bytes_of(signature), bytes_of(signature) + signature.size());
  }
  const digest_context context(EVP_MD_CTX_new());
  // For RSA the padding is PKCS #1 1.5 unless another is asked for, as RS256 has it.
  const bool good =
      !encoded.empty() && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), encoded.data(), encoded.size(), bytes_of(text),
                       text.size()) == 1;
  ERR_clear_error();  // A bad signature leaves its reason in this thread's queue.
  return good;
}

}  // namespace troupe::jwt
