#include "runtime/host/command_handler.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

namespace troupe::host {
namespace {

/// How often a command is decided anew after a lost race before the caller is told to try again.
constexpr std::uint8_t max_lost_races = 3;

constexpr int retry_soon = 1;  // second

/// Whether a repeat of the command is to get this answer again, rather than another try.
bool is_final(outcome_status status) {
  return status == outcome_status::accepted || status == outcome_status::rejected ||
         status == outcome_status::version_mismatch;
}

json metadata_of(const command& one, version_t version, const std::string& node) {
  const auto& context = one.context;
  json metadata = {
      {"traceId", context.trace_id},
      {"userId", context.user_id},
      {"correlationId", context.correlation_id.empty() ? context.trace_id : context.correlation_id},
      {"causationId", context.command_id},
      {"commandId", context.command_id},
      {"version", version},
      {"time", format_time(context.time)},
      {"node", node}};
  if (!context.traceparent.empty()) metadata["traceparent"] = context.traceparent;
  return metadata;
}

}  // namespace

command_handler::command_handler(caf::actor_config& config, const handler_environment& environment,
                                 std::string id, std::uint64_t incarnation, loaded_entity known)
    : caf::event_based_actor(config),
      environment_(environment),
      id_(std::move(id)),
      incarnation_(incarnation),
      entity_(std::move(known)),
      phase_(entity_.state ? phase::idle : phase::cold) {
  set_exception_handler([this](caf::scheduled_actor*, std::exception_ptr& problem) -> caf::error {
    environment_.handlers->tell(handler_failed{id_, failure_of(problem)});
    return caf::sec::runtime_error;
  });
}

caf::behavior command_handler::make_behavior() {
  return {
      [this](const handle& message) {
        waiting_.push_back(message.command);
        advance();
      },
      [this](const append_done& message) {
        phase_ == phase::keeping ? on_outcomes_kept(*message.result)
                                 : on_append_done(*message.result);
      },
      [this](const version_confirmed& message) { on_confirmed(*message.is_last); },
      [this](const entity_loaded& message) {
        if (!*message.entity) {
          const auto& failure = message.entity->error();
          phase_ = phase::cold;
          for (const auto& one : std::exchange(waiting_, {})) {
            auto outcome = outcome_for(one->command(), failure.code == errc::corrupt
                                                           ? outcome_status::failed
                                                           : outcome_status::unavailable);
            outcome.code = failure.code == errc::corrupt ? "unreadable-history" : "";
            outcome.detail = failure.message;
            outcome.retry_after = retry_soon;
            answer(one, std::move(outcome));
          }
          report_settled();
          return;
        }
        entity_ = std::move(**message.entity);
        phase_ = phase::idle;
        offer_snapshot();
        advance();
      },
      [this](const commands_looked_up& message) { on_looked_up(*message.found); },
      [this](const rest& request) {
        request.reply(entity_.state ? std::make_shared<loaded_entity>(std::move(entity_))
                                    : nullptr);
        quit(caf::exit_reason::user_shutdown);
      },
      [this](const describe& question) { question.reply(state()); },
  };
}

void command_handler::advance() {
  if (waiting_.empty()) return;
  if (phase_ == phase::cold) {
    if (!begin_as_new()) load_state();
    return;
  }
  if (phase_ == phase::idle) decide_all();
}

bool command_handler::begin_as_new() {
  const auto& first = *waiting_.front();
  const auto& command = first.command();
  if (has_history_ || answer_without_deciding(first)) return false;
  entity_.state = environment_.kernel->initial();
  draft written;
  std::optional<command_outcome> outcome;
  try {
    auto answer = entity_.state->handle(command.type, command.data, command.context);
    auto* events = answer ? std::get_if<std::vector<new_event>>(&*answer) : nullptr;
    if (events != nullptr && !events->empty())
      outcome = record(command, std::move(*events), written);
  } catch (...) {
    // Domain code need not expect a state that was only assumed.
  }
  if (!outcome) {
    become_cold();
    return false;
  }
  written.request.ids_given = command.id_given;
  waiting_.front()->mark_in_log();
  decided_.push_back({std::move(waiting_.front()), std::move(*outcome), true});
  waiting_.erase(waiting_.begin());
  assumed_new_ = true;
  send_to_log(std::move(written), {});
  return true;
}

const card_ptr& command_handler::reader() const {
  const auto& readers = environment_.readers;
  return readers[std::hash<std::string>{}(id_) % readers.size()];
}

void command_handler::load_state() {
  phase_ = phase::loading;
  auto self = caf::actor_cast<caf::actor>(this);
  using loaded = std::shared_ptr<result<loaded_entity>>;
  reader()->tell(
      load{environment_.kernel,
           {environment_.category, id_},
           one_shot<loaded>(
               [self](loaded answer) { caf::anon_send(self, entity_loaded{std::move(answer)}); },
               std::make_shared<result<loaded_entity>>(
                   error{errc::unavailable, "the log reader broke down; try again"}))});
}

void command_handler::look_up() {
  phase_ = phase::looking_up;
  std::vector<std::string> ids;
  ids.reserve(unsure_.size());
  for (const auto& one : unsure_) ids.push_back(one->command().context.command_id);
  auto self = caf::actor_cast<caf::actor>(this);
  reader()->tell(lookup{
      std::move(ids), one_shot<lookup_result>(
                          [self](lookup_result answer) {
                            caf::anon_send(self, commands_looked_up{std::make_shared<lookup_result>(
                                                     std::move(answer))});
                          },
                          error{errc::unavailable, "the log reader broke down; try again"})});
}

void command_handler::on_looked_up(const lookup_result& found) {
  auto asked = std::exchange(unsure_, {});
  std::vector<pending_ptr> unknown;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto& one = asked[i];
    if (!found) {
      put_off(one, outcome_status::unavailable, found.error().message);
    } else if (const auto& before = (*found)[i]) {
      answer(one, answer_again(*before, one->command()));
    } else {
      one->set_looked_up(true);
      unknown.push_back(std::move(one));
    }
  }
  waiting_.insert(waiting_.begin(), unknown.begin(), unknown.end());
  next_step();
}

void command_handler::next_step() {
  if (!to_keep_.empty()) {
    keep_outcomes();
    return;
  }
  if (!unsure_.empty()) {
    look_up();
    return;
  }
  phase_ = entity_.state ? phase::idle : phase::cold;
  report_settled();
  advance();
}

void command_handler::decide_all() {
  // A repeat within one round waits for the next, when the first one is stored and can be found.
  std::vector<pending_ptr> later;
  std::set<std::string_view> ids_in_round;
  draft written;
  auto& request = written.request;
  // The round is moved out so that a throw abandons exactly the commands in it; the mailbox's
  // others are abandoned by CAF.
  for (auto& one : std::exchange(waiting_, {})) {
    const auto& command = one->command();
    if (!entity_.state ||
        (command.id_given && !ids_in_round.insert(command.context.command_id).second)) {
      later.push_back(std::move(one));
      continue;
    }
    // Behind one that must be looked up first, everything waits, so that commands keep their order;
    // what may need a lookup too joins it.
    if (!unsure_.empty()) {
      const bool joins = command.id_given && !one->looked_up() && later.empty();
      (joins ? unsure_ : later).push_back(std::move(one));
      continue;
    }
    const auto before = request.commits.size();
    auto outcome = decide(one, written);
    if (!outcome) {
      unsure_.push_back(std::move(one));
      continue;
    }
    const bool has_commit = request.commits.size() > before;
    if (has_commit) {
      one->mark_in_log();
      request.ids_given = request.ids_given || command.id_given;
    }
    const bool keep = !has_commit && command.id_given && is_final(outcome->status);
    decided_.push_back({std::move(one), std::move(*outcome), has_commit, keep});
  }
  waiting_ = std::move(later);

  if (!request.commits.empty()) {
    send_to_log(std::move(written), {});
  } else if (environment_.shared_log && std::ranges::any_of(decided_, [](const decided& one) {
               return is_final(one.outcome.status);
             })) {
    confirm();
  } else {
    on_append_done({});
  }
}

void command_handler::confirm() {
  phase_ = phase::confirming;
  auto self = caf::actor_cast<caf::actor>(this);
  using confirmed = result<bool>;
  reader()->tell(confirm_version{
      {environment_.category, id_},
      entity_.version,
      one_shot<confirmed>(
          [self](confirmed answer) {
            caf::anon_send(self, version_confirmed{std::make_shared<confirmed>(std::move(answer))});
          },
          error{errc::unavailable, "the log reader broke down; try again"})});
}

void command_handler::on_confirmed(const result<bool>& is_last) {
  if (is_last && *is_last) {
    on_append_done({});
    return;
  }
  std::vector<pending_ptr> again;
  for (auto& one : std::exchange(decided_, {})) again.push_back(std::move(one.command));
  become_cold();
  decide_again(std::move(again),
               is_last ? error{errc::conflict, "the entity keeps being changed by another node"}
                       : is_last.error());
  next_step();
}

void command_handler::send_to_log(draft written, std::vector<kept_outcome> outcomes) {
  phase_ = phase::appending;
  if (environment_.trace != nullptr) sent_to_log_ = environment_.time->monotonic();
  auto self = caf::actor_cast<caf::actor>(this);
  auto reply = one_shot<append_result>(
      [self](append_result answer) {
        caf::anon_send(self, append_done{std::make_shared<append_result>(std::move(answer))});
      },
      append_result{
          {}, error{errc::in_doubt, "the log writer broke down while it stored the command"}});
  auto job = std::make_shared<append_job>(
      append_job{std::nullopt, std::move(written.events), std::move(outcomes), std::move(reply)});
  if (!written.request.commits.empty()) job->request = std::move(written.request);
  environment_.writer->tell(append{std::move(job)});
}

std::optional<command_outcome> command_handler::answer_without_deciding(
    const pending_command& one) {
  const auto& command = one.command();
  if (environment_.time->monotonic() > command.deadline) {
    auto outcome = outcome_for(command, outcome_status::unavailable);
    outcome.code = "deadline-exceeded";
    outcome.detail = "the deadline passed before the command was looked at; nothing was stored";
    outcome.retry_after = retry_soon;
    return outcome;
  }
  if (command.expected_version && *command.expected_version != entity_.version) {
    auto outcome = outcome_for(command, outcome_status::version_mismatch);
    outcome.detail = "the entity is at version " + std::to_string(entity_.version) + ", not " +
                     std::to_string(*command.expected_version) + "; read it again and decide anew";
    return outcome;
  }
  return std::nullopt;
}

std::optional<command_outcome> command_handler::decide(const pending_ptr& one, draft& written) {
  const auto& command = one->command();
  // What makes no events leaves no trace that an append could find.
  const bool may_be_repeat = command.id_given && !one->looked_up();
  if (auto answered = answer_without_deciding(*one)) {
    return may_be_repeat ? std::nullopt : std::move(answered);
  }
  result<handled> answer = error{errc::internal, ""};
  try {
    answer = entity_.state->handle(command.type, command.data, command.context);
  } catch (...) {
    if (may_be_repeat) {
      entity_.state.reset();  // Spoilt; what this round has decided so far is not.
      has_history_ = true;
      return std::nullopt;
    }
    auto outcome = outcome_for(command, outcome_status::failed);
    outcome.code = "handler-crashed";
    outcome.detail = "the command handler crashed on this command; nothing was stored";
    one->complete(std::move(outcome));
    throw traced_failure(failure_of(std::current_exception()).what, command.context.trace_id);
  }
  auto* events = answer ? std::get_if<std::vector<new_event>>(&*answer) : nullptr;
  if (events != nullptr && !events->empty()) return record(command, std::move(*events), written);
  if (may_be_repeat) return std::nullopt;
  if (events != nullptr) return outcome_for(command, outcome_status::accepted);
  if (!answer) {
    auto outcome = outcome_for(command, outcome_status::invalid);
    outcome.detail = answer.error().message;
    return outcome;
  }
  const auto& refused = std::get<rejection>(*answer);
  auto outcome = outcome_for(command, outcome_status::rejected);
  outcome.code = refused.code;
  outcome.detail = refused.detail;
  return outcome;
}

command_outcome command_handler::record(const command& one, std::vector<new_event> events,
                                        draft& written) {
  auto outcome = outcome_for(one, outcome_status::accepted);
  std::vector<envelope> recorded;
  recorded.reserve(events.size());
  const auto first = entity_.version + 1;
  for (auto& event : events) {
    ++entity_.version;
    auto id =
        derive_id("event", one.context.command_id + '/' + std::to_string(recorded.size() + 1));
    outcome.events.push_back({id, event.type, entity_.version});
    auto metadata = metadata_of(one, entity_.version, environment_.node);
    if (event.schema_version > 1) metadata[schema_version_member] = event.schema_version;
    recorded.push_back(
        {std::move(id), std::move(event.type), std::move(metadata), std::move(event.data)});
  }
  outcome.version = entity_.version;
  written.request.commits.push_back({one.stream, first, static_cast<std::uint32_t>(recorded.size()),
                                     one.context.command_id, one.digest(), encode_body(recorded),
                                     one.context.time, !one.id_given});
  if (!std::ranges::all_of(recorded, survives_storage)) recorded.clear();
  written.events.push_back(std::move(recorded));
  return outcome;
}

void command_handler::on_append_done(const append_result& result) {
  std::size_t stored = 0;
  std::vector<pending_ptr> again;
  // Nothing has confirmed the state that these were decided over.
  std::vector<pending_ptr> unconfirmed;
  const bool confirms = !environment_.shared_log || !result.failure || !result.positions.empty() ||
                        std::ranges::none_of(decided_, &decided::has_commit);
  for (auto& one : std::exchange(decided_, {})) {
    const bool not_stored = one.has_commit && stored == result.positions.size();
    if (environment_.trace != nullptr && one.has_commit) {
      trace_append(one.command->command(), not_stored ? 0 : result.positions[stored],
                   not_stored && result.failure ? &*result.failure : nullptr);
    }
    if (!confirms && !one.has_commit && again.empty()) {
      unconfirmed.push_back(std::move(one.command));
      continue;
    }
    if (not_stored || !again.empty()) {
      // Everything from the first commit that was not stored on was decided over state that does
      // not exist.
      again.push_back(std::move(one.command));
      continue;
    }
    if (one.has_commit) {
      entity_.position = result.positions[stored++];
      entity_.last_command = digest_of(one.command->command().context.command_id);
    }
    if (one.outcome.status == outcome_status::accepted && one.outcome.position == 0)
      one.outcome.position = entity_.position;
    if (one.keep) {
      to_keep_.push_back(std::move(one));
    } else {
      answer(one.command, std::move(one.outcome));
    }
  }
  if (again.empty()) {
    lost_races_ = 0;
    assumed_new_ = false;
    offer_snapshot();
  } else {
    become_cold();
    decide_again(std::move(again), *result.failure);
    waiting_.insert(waiting_.begin(), unconfirmed.begin(), unconfirmed.end());
  }
  next_step();
}

void command_handler::trace_append(const command& one, position_t position,
                                   const error* failure) const {
  auto made = environment_.trace->begin(one.context.traceparent, "append");
  if (!made) return;
  made->begun = sent_to_log_;
  made->note("troupe.category", one.stream.category);
  if (position != 0) made->note("troupe.position", static_cast<std::int64_t>(position));
  if (failure != nullptr) {
    made->note("troupe.error", to_string(failure->code));
    // A lost race is no fault: the command is decided again, or looked up.
    if (failure->code != errc::conflict && failure->code != errc::duplicate)
      made->failure = failure->message;
  }
  environment_.trace->end(std::move(made));
}

void command_handler::keep_outcomes() {
  std::vector<kept_outcome> outcomes;
  for (auto& one : to_keep_) {
    const auto& command = one.command->command();
    outcomes.push_back(
        {command.context.command_id, command.digest(), one.outcome, environment_.time->now()});
    one.keep = false;
  }
  decided_ = std::exchange(to_keep_, {});
  send_to_log({}, std::move(outcomes));
  phase_ = phase::keeping;
}

void command_handler::on_outcomes_kept(const append_result& result) {
  for (auto& one : std::exchange(decided_, {})) {
    if (!result.failure) {
      answer(one.command, std::move(one.outcome));
    } else if (result.failure->code == errc::duplicate) {
      // Another node was first with one of them: the log has the answers.
      unsure_.push_back(std::move(one.command));
    } else {
      // A repeat might get another answer.
      put_off(one.command, outcome_status::unavailable,
              "the answer could not be kept, and nothing was stored: " + result.failure->message);
    }
  }
  next_step();
}

void command_handler::decide_again(std::vector<pending_ptr> commands, const error& failure) {
  const bool assumed_new = std::exchange(assumed_new_, false);
  auto& first = commands.front();
  // They stand behind these.
  waiting_.insert(waiting_.begin(), unsure_.begin(), unsure_.end());
  unsure_.clear();
  if (failure.code == errc::duplicate && first->command().id_given && !first->looked_up()) {
    // A repeat: the log knows the answer. The others have lost nothing but time.
    unsure_.push_back(std::move(first));
    waiting_.insert(waiting_.begin(), commands.begin() + 1, commands.end());
    return;
  }
  const bool raced = failure.code == errc::conflict || failure.code == errc::duplicate;
  if (raced && assumed_new) {
    has_history_ = true;
  } else if (raced) {
    ++lost_races_;
    // Somebody else writes to this entity; if it is no longer this node's, they are to go there.
    if (environment_.is_elsewhere(id_)) give_back(commands);
    if (commands.empty()) {
      lost_races_ = 0;
      return;
    }
  }
  if (raced && lost_races_ <= max_lost_races) {
    // Somebody else may have stored it meanwhile.
    for (const auto& one : commands) one->set_looked_up(false);
    waiting_.insert(waiting_.begin(), commands.begin(), commands.end());
    return;
  }
  lost_races_ = 0;
  if (failure.code == errc::in_doubt) {
    // Dropped unanswered, by a handler that lives on: whoever takes over asks the log what became
    // of them.
    for (const auto& one : commands) one->given_to(0);
    settled_ += commands.size();
    return;
  }
  for (const auto& one : commands) {
    put_off(one, raced ? outcome_status::conflict : outcome_status::unavailable, failure.message);
  }
}

void command_handler::put_off(const pending_ptr& one, outcome_status status, std::string why) {
  auto outcome = outcome_for(one->command(), status);
  outcome.detail = std::move(why);
  outcome.retry_after = retry_soon;
  answer(one, std::move(outcome));
}

void command_handler::give_back(std::vector<pending_ptr>& commands) {
  settled_ += static_cast<std::size_t>(std::erase_if(commands, [](const pending_ptr& one) {
    if (!one->may_move()) return false;
    one->give_back();
    one->given_to(0);
    return true;
  }));
}

void command_handler::answer(const pending_ptr& one, command_outcome outcome) {
  one->complete(std::move(outcome));
  ++settled_;
}

void command_handler::report_settled() {
  if (settled_ == 0) return;
  environment_.handlers->tell(settled{id_, incarnation_, std::exchange(settled_, 0)});
}

void command_handler::become_cold() {
  has_history_ = has_history_ || entity_.version > 0;
  entity_ = {};
  phase_ = phase::cold;
}

void command_handler::offer_snapshot() {
  const auto every = environment_.snapshot_every;
  if (every == 0 || !entity_.state || entity_.version < entity_.snapshot + every) return;
  auto place = environment_.snapshot_places->enter();
  if (!place) return;
  entity_.snapshot = entity_.version;
  try {
    auto saved = std::make_shared<const snapshot>(
        snapshot{{environment_.category, id_},
                 entity_.version,
                 entity_.position,
                 snapshot_schema(*environment_.kernel, entity_.last_command),
                 entity_.state->state()});
    environment_.snapshots->tell(save_snapshot{std::move(saved), std::move(place)});
  } catch (const std::exception&) {
    // Domain code that cannot write its state as JSON goes without snapshots.
    environment_.snapshot_places->skip();
  }
}

json command_handler::state() const {
  static constexpr std::array<const char*, 7> names{
      "cold", "loading", "idle", "looking-up", "confirming", "appending", "keeping"};
  return shown({environment_.category, id_}, entity_, names[static_cast<std::size_t>(phase_)],
               waiting_.size(), decided_.size());
}

command_outcome command_handler::outcome_for(const command& one, outcome_status status) const {
  command_outcome outcome;
  outcome.status = status;
  outcome.stream = one.stream;
  outcome.command_id = one.context.command_id;
  outcome.version = entity_.version;
  return outcome;
}

json shown(const stream_id& stream, const loaded_entity& entity, const char* phase,
           std::size_t waiting, std::size_t deciding) {
  json state;
  try {
    if (entity.state) state = entity.state->state();
  } catch (const std::exception&) {
    // A look at an entity must not end the actor that holds it.
  }
  return {{"category", stream.category}, {"id", stream.id},          {"version", entity.version},
          {"position", entity.position}, {"phase", phase},           {"waiting", waiting},
          {"deciding", deciding},        {"state", std::move(state)}};
}

}  // namespace troupe::host
