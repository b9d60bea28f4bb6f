# Each case leaves one thing out of what control.cpp has. The error must be at the case's own line, where it calls
# with_aggregate or with_view, and must name the concept (or the expression) that does not hold.
function(troupe_misuse name call reason)
  troupe_compile_failure(NAME ${name} FILE ${CMAKE_CURRENT_LIST_DIR}/${name}.cpp
    EXPECT "${name}.cpp:[0-9]+:[0-9]+: error: no matching (member )?function for call to .*${call}.*${reason}")
endfunction()

troupe_misuse(missing_decide with_aggregate decides_every_command)
troupe_misuse(wrong_decide_return with_aggregate decides_every_command)
troupe_misuse(foreign_event with_aggregate decides_every_command)
troupe_misuse(mutating_decide with_aggregate decides_every_command)
troupe_misuse(command_without_message_type with_aggregate decides_every_command)
troupe_misuse(missing_evolve with_aggregate evolves_by_every_event)
troupe_misuse(missing_upcast with_aggregate evolves_by_every_event)
troupe_misuse(state_without_json with_aggregate "to_json\\(out, state\\).* (is|would be) invalid")
troupe_misuse(missing_project with_view projects_every_event)
troupe_misuse(missing_key_of with_view projects_every_event)
troupe_misuse(missing_rule with_rules rules_on_every_command)
troupe_compile_success(NAME control FILE ${CMAKE_CURRENT_LIST_DIR}/control.cpp)
