#include "runtime/node/doctor/doctor.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "runtime/core/json.hpp"
#include "runtime/node/cli/node_caller.hpp"
#include "runtime/node/cli/operator_request.hpp"
#include "runtime/node/cli/text.hpp"
#include "runtime/node/doctor/configuration.hpp"
#include "runtime/node/doctor/databases.hpp"
#include "runtime/node/doctor/machine.hpp"
#include "runtime/node/doctor/running.hpp"

namespace troupe {
namespace {

using findings = std::vector<diagnosis>;

void add(findings& all, findings more) { std::ranges::move(more, std::back_inserter(all)); }

examined_node examine_running(const settings& options, const doctor_bag& bag) {
  operator_command asked;
  asked.name = "doctor";
  asked.admin_token = options.admin_token;
  if (options.admin_address.port == 0)
    return {std::nullopt,
            {well("node", "--admin is any free port: a running node is not looked for")}};
  if (!bag.client)
    return {std::nullopt, {well("node", "not looked for: this program cannot reach other nodes")}};
  const auto url = node_url(options.admin);
  const auto caller = node_caller::make(asked, bag.client);
  if (!url) return {std::nullopt, {ill("node", url.error().message, "mend --admin")}};
  if (!caller)
    return {std::nullopt, {ill("node", caller.error().message, "mend the token's file")}};
  try {
    return examine_node(*caller, *url);
  } catch (const json::exception&) {  // Another shape than any node's answers.
    return {std::nullopt,
            {ill("node", "what answers at " + *url + " is no node that this program knows",
                 "choose another --admin, or run the newer program")}};
  }
}

findings examine_all(const std::vector<std::string>& arguments, const doctor_bag& bag) {
  auto [options, all] = examine_settings(arguments, bag.env, bag.version);
  add(all, examine_disk(options));
  all.push_back(examine_clock(options, bag.time.now()));
  all.push_back(examine_open_files(options));
  auto running = examine_running(options, bag);
  add(all, examine_ports(options, running.cluster));
  for (const auto& look : bag.examinations) add(all, look(options));
  add(all, examine_databases(options, bag.env, bag.features, bag.openers));
  add(all, std::move(running.found));
  return all;
}

void print(const findings& all, std::ostream& out) {
  std::size_t widest = 0;
  for (const auto& one : all) widest = std::max(widest, text_width(one.about));
  for (const auto& one : all) {
    const std::string level = to_string(one.what);
    out << level << std::string(6 - level.size(), ' ') << one.about
        << std::string(widest - text_width(one.about) + 2, ' ') << shown_text(one.finding) << '\n';
    if (!one.mend.empty())
      out << std::string(widest + 8, ' ') << "-> " << shown_text(one.mend) << '\n';
  }
  const auto count = [&](diagnosis::level what) {
    return std::to_string(std::ranges::count(all, what, &diagnosis::what));
  };
  out << count(diagnosis::level::ok) << " ok, " << count(diagnosis::level::warn) << " to look at, "
      << count(diagnosis::level::fail) << " to mend\n";
}

void print_document(const findings& all, bool healthy, std::ostream& out) {
  json listed = json::array();
  for (const auto& one : all) {
    listed.push_back({{"level", to_string(one.what)},
                      {"about", one.about},
                      {"finding", one.finding},
                      {"mend", one.mend.empty() ? json(nullptr) : json(one.mend)}});
  }
  const json document = {{"healthy", healthy}, {"findings", std::move(listed)}};
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace

int run_doctor(std::vector<std::string> arguments, const doctor_bag& bag) {
  const bool as_json = std::erase(arguments, "--json") > 0;
  const auto all = examine_all(arguments, bag);
  const bool healthy = std::ranges::none_of(
      all, [](const diagnosis& one) { return one.what == diagnosis::level::fail; });
  if (as_json) {
    print_document(all, healthy, bag.out);
  } else {
    print(all, bag.out);
  }
  return healthy ? 0 : 1;
}

}  // namespace troupe
