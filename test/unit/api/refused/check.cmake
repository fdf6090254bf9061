# SPDX-License-Identifier: Apache-2.0
# Run by ctest: SOURCE must compile with -DWEIR_CONTROL and must not without, and what the compiler says must
# hold the words that the source expects: its line `// Refused: words`.
file(STRINGS ${SOURCE} wanted REGEX "^// Refused: ")
string(REGEX REPLACE "^// Refused: " "" wanted "${wanted}")
set(compile ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE} ${SOURCE})

execute_process(COMMAND ${compile} -DWEIR_CONTROL RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the control does not compile, so that the refusal says nothing:\n${errors}")
endif()

execute_process(COMMAND ${compile} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(result EQUAL 0)
  message(FATAL_ERROR "it compiles, and should not")
endif()
string(FIND "${errors}" "${wanted}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "the compiler does not say `${wanted}`, but:\n${errors}")
endif()
