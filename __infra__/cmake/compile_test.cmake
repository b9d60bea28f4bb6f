# Compiles FILE without output. EXPECT empty: it must compile. Otherwise it must fail with a message that matches EXPECT.
list(TRANSFORM INCLUDE PREPEND -I)
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -fdiagnostics-color=never ${INCLUDE} ${FILE}
  RESULT_VARIABLE status
  ERROR_VARIABLE message)

if(EXPECT STREQUAL "")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${FILE} should compile:\n${message}")
  endif()
elseif(status EQUAL 0)
  message(FATAL_ERROR "${FILE} should not compile")
elseif(NOT message MATCHES "${EXPECT}")
  message(FATAL_ERROR "${FILE} does not compile, but not with \"${EXPECT}\":\n${message}")
endif()
