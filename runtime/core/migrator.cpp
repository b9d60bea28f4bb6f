#include "runtime/core/migrator.hpp"

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

/// For another node that migrates the same database at its start.
constexpr auto start_patience = std::chrono::seconds(60);

error dirty(const schema_state& state) {
  const auto version = state.version ? std::to_string(*state.version) : "-1";
  return {errc::invalid, "Dirty database version " + version +
                             ". Fix and force version: the migration failed half-way; mend the "
                             "tables by hand, then run 'troupe migrate … force V' with the version "
                             "that they are at"};
}

std::string number(std::optional<std::uint64_t> version) {
  return version ? std::to_string(*version) : std::string("none");
}

}  // namespace

template <class Work>
auto migrator::locked(Work&& work) -> decltype(work()) {
  if (auto taken = target_.lock(patience_); !taken) return taken.error();
  auto done = work();
  target_.unlock();
  return done;
}

result<std::size_t> migrator::index_of(std::uint64_t version) const {
  const auto found = std::ranges::find(migrations_, version, &migration::version);
  if (found != migrations_.end()) return static_cast<std::size_t>(found - migrations_.begin());
  return error{errc::invalid, "no migration found for version " + std::to_string(version) +
                                  "; add its file, or give the directory that has it"};
}

result<std::size_t> migrator::applied() {
  const auto now = target_.read();
  if (!now) return now.error();
  if (now->dirty) return dirty(*now);
  if (!now->version) return std::size_t{0};
  const auto at = index_of(*now->version);
  return at ? *at + 1 : at;
}

migrator::plan migrator::between(std::size_t from, std::size_t to) const {
  plan steps;
  for (; from < to; ++from) steps.push_back({&migrations_[from], true});
  for (; from > to; --from) steps.push_back({&migrations_[from - 1], false});
  return steps;
}

result<void> migrator::run(const planned_step& one) {
  schema_state leads_to{one.what->version, true};
  if (!one.up) {
    leads_to.version.reset();
    if (one.what != &migrations_.front()) leads_to.version = (one.what - 1)->version;
  }
  const auto started = std::chrono::steady_clock::now();
  if (auto marked = target_.write(leads_to); !marked) return marked;
  if (auto ran = target_.run(one.up ? one.what->up : one.what->down); !ran) {
    return error{ran.error().code, std::string(one.up ? "" : "undoing ") + "migration " +
                                       std::to_string(one.what->version) + " '" + one.what->name +
                                       "' failed: " + ran.error().message};
  }
  leads_to.dirty = false;
  if (auto marked = target_.write(leads_to); !marked) return marked;
  if (on_step_) on_step_({*one.what, one.up, std::chrono::steady_clock::now() - started});
  return {};
}

result<std::size_t> migrator::run(const plan& steps) {
  for (const auto& one : steps) {
    if (auto done = run(one); !done) return done.error();
  }
  return steps.size();
}

result<std::size_t> migrator::limited(std::optional<std::size_t> limit, bool up) {
  return locked([&]() -> result<std::size_t> {
    const auto at = applied();
    if (!at) return at.error();
    const auto there = up ? migrations_.size() - *at : *at;
    const auto steps = std::min(limit.value_or(there), there);
    auto ran = run(between(*at, up ? *at + steps : *at - steps));
    if (!ran || !limit || *limit == steps) return ran;
    if (steps == 0) {
      return error{errc::invalid,
                   std::string("file does not exist: there is no migration left to ") +
                       (up ? "apply" : "undo")};
    }
    return error{errc::invalid, "limit " + std::to_string(*limit - steps) + " short: only " +
                                    std::to_string(steps) + " migrations were left"};
  });
}

result<std::size_t> migrator::up(std::optional<std::size_t> limit) { return limited(limit, true); }

result<std::size_t> migrator::down(std::optional<std::size_t> limit) {
  return limited(limit, false);
}

result<std::size_t> migrator::go_to(std::uint64_t version) {
  return locked([&]() -> result<std::size_t> {
    const auto to = index_of(version);
    if (!to) return to;
    const auto from = applied();
    if (!from) return from;
    return run(between(*from, *to + 1));
  });
}

result<void> migrator::force(std::optional<std::uint64_t> version) {
  return locked([&] { return target_.write({version, false}); });
}

result<void> bring_up(migration_target& target, std::span<const migration> migrations,
                      migration_mode mode, const std::string& mend) {
  auto now = target.read();
  if (now && now->dirty) {
    // Another node may be in the middle of a migration, and then it holds the lock.
    if (auto taken = target.lock(start_patience); !taken) return taken;
    now = target.read();
    target.unlock();
  }
  if (!now) return now.error();
  if (now->dirty) return dirty(*now);
  const std::uint64_t have = now->version.value_or(0);
  const std::uint64_t want = migrations.empty() ? 0 : migrations.back().version;
  if (have == want) return {};
  if (have > want) {
    return error{errc::unsupported, "the database is at migration " + std::to_string(have) +
                                        ", this program knows " + std::to_string(want) +
                                        "; run the newer program"};
  }
  if (mode == migration_mode::check) {
    return error{errc::invalid, "the database is at migration " + number(now->version) +
                                    " and has to be at " + std::to_string(want) + "; " + mend};
  }
  const auto done = migrator(target, migrations, start_patience).up();
  return done ? result<void>() : done.error();
}

}  // namespace troupe
