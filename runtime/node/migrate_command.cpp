#include "runtime/node/migrate_command.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <istream>
#include <optional>
#include <ostream>
#include <utility>

#include "runtime/core/database_url.hpp"
#include "runtime/node/go_flags.hpp"
#include "runtime/node/migration_files.hpp"

namespace troupe {
namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int bad_usage = 2;

constexpr const char* usage =
    "Usage: troupe migrate OPTIONS COMMAND [arg...]\n"
    "\n"
    "Options, as the golang-migrate CLI has them (-flag or --flag):\n"
    "  -source          Location of the migrations (file://DIR)\n"
    "  -path            Shorthand for -source=file://DIR\n"
    "  -database        Run migrations against this database (postgres://… or sqlite://FILE)\n"
    "  -lock-timeout N  Allow N seconds to acquire database lock (default 15)\n"
    "  -prefetch N      Accepted, without effect: the files are read at once\n"
    "  -verbose         Print verbose logging\n"
    "  -help            Print usage\n"
    "\n"
    "Commands:\n"
    "  create -ext E [-dir D] [-seq] [-digits N] NAME\n"
    "               Create a set of up and down migrations titled NAME, in directory D with\n"
    "               extension E, numbered by the time or, with -seq, one by one with N digits\n"
    "  goto V       Migrate to version V\n"
    "  up [N]       Apply all or N up migrations\n"
    "  down [N] [-all]\n"
    "               Apply all or N down migrations; -all asks no question\n"
    "  force V      Set version V but don't run migration (ignores dirty state)\n"
    "  version      Print current migration version\n";

template <class Number>
std::optional<Number> number_of(const std::string& text) {
  Number value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "1.25ms", "3.1s"
std::string text_of(std::chrono::steady_clock::duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::array<char, 32> text{};
  if (seconds < 1) {
    std::snprintf(text.data(), text.size(), "%.6gms", seconds * 1000);
  } else {
    std::snprintf(text.data(), text.size(), "%.9gs", seconds);
  }
  return text.data();
}

/// One call of the command, once its options are read.
class invocation {
 public:
  invocation(go_flags flags, const std::map<std::string, migration_opener>& openers,
             const console& out)
      : flags_(std::move(flags)), openers_(openers), out_(out) {}

  int run() {
    const auto command = flags_.rest.front();
    const std::vector<std::string> arguments(flags_.rest.begin() + 1, flags_.rest.end());
    const auto started = std::chrono::steady_clock::now();
    auto status = bad_usage;
    if (command == "create") {
      status = create(arguments);
    } else if (command == "up") {
      status = up(arguments);
    } else if (command == "down") {
      status = down(arguments);
    } else if (command == "goto") {
      status = go_to(arguments);
    } else if (command == "force") {
      status = force(arguments);
    } else if (command == "version") {
      return version();
    } else {
      out_.err << usage;
      return bad_usage;
    }
    if (status == done && verbose() && command != "create")
      say("Finished after " + text_of(std::chrono::steady_clock::now() - started));
    return status;
  }

 private:
  [[nodiscard]] bool verbose() const { return flags_.on("verbose"); }

  void say(const std::string& line) {
    if (verbose()) {
      // As Go's logger begins a line: 2026/01/31 12:34:56
      auto now = format_time(system_clock().now()).substr(0, 19);
      now[4] = now[7] = '/';
      now[10] = ' ';
      out_.err << now << ' ';
    }
    out_.err << line << '\n';
  }

  int fail(const std::string& why) {
    say("error: " + why);
    return failed;
  }

  int misused(const error& why) {
    out_.err << why.message << '\n' << usage;
    return bad_usage;
  }

  /// The database and what moves it. Nothing when that failed, which has been said then.
  struct opened {
    std::vector<migration> migrations;
    std::unique_ptr<migration_target> target;
  };

  std::optional<opened> open(bool with_files = true) {
    opened both;
    if (with_files) {
      auto directory = flags_.value("path");
      if (auto source = flags_.value("source"); !source.empty()) {
        constexpr std::string_view scheme = "file://";
        if (!source.starts_with(scheme)) {
          fail("-source is '" + source + "'; give a directory, as file://DIR or with -path");
          return std::nullopt;
        }
        directory = source.substr(scheme.size());
      }
      if (directory.empty()) {
        fail("no directory of migrations is given; add -path DIR");
        return std::nullopt;
      }
      auto migrations = read_migrations(directory);
      if (!migrations) {
        fail(migrations.error().message);
        return std::nullopt;
      }
      both.migrations = std::move(*migrations);
    }
    const auto text = flags_.value("database");
    if (text.empty()) {
      fail("URL cannot be empty: add -database URL");
      return std::nullopt;
    }
    const auto url = parse_database_url(text);
    if (!url) {
      fail("-database: " + url.error().message);
      return std::nullopt;
    }
    const auto opener = openers_.find(url->scheme);
    if (opener == openers_.end()) {
      std::string known;
      for (const auto& [scheme, one] : openers_) known += (known.empty() ? "" : ", ") + scheme;
      fail("-database: unknown driver " + url->scheme + "; there are " + known);
      return std::nullopt;
    }
    auto target = opener->second(text);
    if (!target) {
      fail(target.error().message);
      return std::nullopt;
    }
    both.target = std::move(*target);
    return both;
  }

  migrator moves(opened& both) {
    const auto seconds = number_of<unsigned>(flags_.value("lock-timeout", "15")).value_or(15);
    return {*both.target, both.migrations, std::chrono::seconds(seconds),
            [this](const migrator::done_step& one) {
              const auto* script = one.up ? &one.step.up : &one.step.down;
              const auto step = std::to_string(one.step.version) + (one.up ? "/u " : "/d ") +
                                (script->empty() ? "<empty>" : one.step.name);
              say(verbose() ? "Finished " + step + " (ran " + text_of(one.took) + ")"
                            : step + " (" + text_of(one.took) + ")");
            }};
  }

  int finish(const result<std::size_t>& steps) {
    if (!steps) return fail(steps.error().message);
    if (*steps == 0) say("no change");
    return done;
  }

  int up(const std::vector<std::string>& arguments) {
    std::optional<std::size_t> limit;
    if (!arguments.empty() && !(limit = number_of<std::size_t>(arguments.front())))
      return fail("can't read limit argument N");
    auto both = open();
    return both ? finish(moves(*both).up(limit)) : failed;
  }

  int down(const std::vector<std::string>& arguments) {
    const auto flags = go_flags::parse(arguments, {}, {"all"});
    if (!flags) return misused(flags.error());
    std::optional<std::size_t> limit;
    if (flags->on("all") && !flags->rest.empty())
      return fail("-all cannot be used with other arguments");
    if (flags->rest.size() > 1) return fail("too many arguments");
    if (!flags->rest.empty() && !(limit = number_of<std::size_t>(flags->rest.front())))
      return fail("can't read limit argument N");
    if (!limit && !flags->on("all")) {
      say("Are you sure you want to apply all down migrations? [y/N]");
      std::string answer;
      std::getline(out_.in, answer);
      if (answer != "y" && answer != "Y") {
        say("Not applying all down migrations");
        return failed;
      }
      say("Applying all down migrations");
    }
    auto both = open();
    return both ? finish(moves(*both).down(limit)) : failed;
  }

  int go_to(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return fail("please specify version argument V");
    const auto version = number_of<std::uint64_t>(arguments.front());
    if (!version) return fail("can't read version argument V");
    auto both = open();
    return both ? finish(moves(*both).go_to(*version)) : failed;
  }

  int force(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return fail("please specify version argument V");
    const auto version = number_of<std::int64_t>(arguments.front());
    if (!version) return fail("can't read version argument V");
    if (*version < -1) return fail("argument V must be >= -1");
    auto both = open(false);
    if (!both) return failed;
    const auto forced = moves(*both).force(
        *version < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*version)));
    return forced ? done : fail(forced.error().message);
  }

  int version() {
    auto both = open(false);
    if (!both) return failed;
    const auto now = both->target->read();
    if (!now) return fail(now.error().message);
    if (!now->version && !now->dirty) return fail("no migration");
    say((now->version ? std::to_string(*now->version) : "-1") + (now->dirty ? " (dirty)" : ""));
    return done;
  }

  int create(const std::vector<std::string>& arguments) {
    const auto flags = go_flags::parse(arguments, {"ext", "dir", "digits"}, {"seq"});
    if (!flags) return misused(flags.error());
    if (flags->rest.empty()) return fail("please specify name");
    auto extension = flags->value("ext");
    if (extension.empty()) return fail("-ext flag must be specified");
    if (extension.front() != '.') extension.insert(0, 1, '.');
    const auto digits = number_of<int>(flags->value("digits", "6"));
    if (!digits) return fail("can't read -digits, which must be a number");
    const auto made = create_migration(flags->value("dir", "."), flags->rest.front(), extension,
                                       {flags->on("seq"), *digits}, system_clock().now());
    if (!made) return fail(made.error().message);
    for (const auto& file : *made) say(std::filesystem::absolute(file).lexically_normal().string());
    return done;
  }

  const go_flags flags_;
  const std::map<std::string, migration_opener>& openers_;
  const console& out_;
};

}  // namespace

int migrate_command(const std::vector<std::string>& arguments,
                    const std::map<std::string, migration_opener>& openers, const console& out) {
  auto flags = go_flags::parse(
      arguments, {"source", "path", "database", "lock-timeout", "prefetch"}, {"verbose", "help"});
  if (!flags) {
    out.err << flags.error().message << '\n' << usage;
    return bad_usage;
  }
  if (flags->on("help")) {
    out.err << usage;
    return done;
  }
  if (flags->rest.empty()) {
    out.err << usage;
    return bad_usage;
  }
  return invocation(std::move(*flags), openers, out).run();
}

}  // namespace troupe
