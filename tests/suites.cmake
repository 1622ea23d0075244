# Tests that are not GoogleTest programs: the command line, MPI, style.

# The command line, on the real program and real files.
foreach(test run_test books_test seed_rows_test bad_input_test messages_test memory_test full_disk_test planted_test names_test claims_test install_test)
    add_test(NAME cli.${test} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/${test} $<TARGET_FILE:cytofleet>)
    set_tests_properties(cli.${test} PROPERTIES TIMEOUT 600)
endforeach()

# What plan announces against what run takes. Sanitizers take memory of their own.
if(NOT CYTOFLEET_SANITIZE)
    add_test(NAME cli.memory_estimate_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/memory_table --quick
        $<TARGET_FILE:cytofleet> demo)
    set_tests_properties(cli.memory_estimate_test PROPERTIES TIMEOUT 600)
endif()

add_executable(write_masks cli/write_masks.cpp)
target_link_libraries(write_masks PRIVATE cytofleet_io)
add_test(NAME cli.output_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/output_test
    $<TARGET_FILE:cytofleet> $<TARGET_FILE:write_masks>)
set_tests_properties(cli.output_test PROPERTIES TIMEOUT 600)

add_executable(write_books cli/write_books.cpp)
target_link_libraries(write_books PRIVATE cytofleet_schedule)
add_test(NAME cli.terminal_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/terminal_test
    $<TARGET_FILE:cytofleet> $<TARGET_FILE:write_books>)
add_test(NAME cli.doctor_users_test
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/doctor_users_test $<TARGET_FILE:cytofleet>)
# Several users of one machine: as root only.
set_tests_properties(cli.terminal_test cli.doctor_users_test PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)

# Several users in one folder; only root can be others.
add_executable(reseal cli/reseal.cpp)
target_link_libraries(reseal PRIVATE cytofleet_base)
add_test(NAME cli.users_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/users_test
    $<TARGET_FILE:cytofleet> $<TARGET_FILE:reseal>)
set_tests_properties(cli.users_test PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)

if(CYTOFLEET_MPI)
    # Under mpirun. AddressSanitizer's leak check cannot tell Open MPI's leaks from ours.
    add_executable(test_comm_mpi mpi/comm_mpi_check.cpp comm/conversations.cpp)
    target_link_libraries(test_comm_mpi PRIVATE cytofleet_comm test_support)
    add_test(NAME mpi.comm_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/comm_test $<TARGET_FILE:test_comm_mpi>)
    add_test(NAME cli.ranks_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/ranks_test $<TARGET_FILE:cytofleet>)
    add_test(NAME cli.doctor_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/doctor_test $<TARGET_FILE:cytofleet>)
    add_test(NAME cli.mpi_launcher_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/mpi_launcher_test $<TARGET_FILE:cytofleet>)
    # Builds a release of its own, as the README says; needs no other preset.
    add_test(NAME cli.readme_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/readme_test $<TARGET_FILE:cytofleet>)
    set_tests_properties(mpi.comm_test cli.ranks_test cli.doctor_test cli.mpi_launcher_test PROPERTIES
        TIMEOUT 900 ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
    # The others wait for mpirun to come and go more than they compute.
    set_tests_properties(mpi.comm_test PROPERTIES PROCESSORS 2)
    set_tests_properties(cli.readme_test PROPERTIES TIMEOUT 1800 PROCESSORS 2 LABELS long)
endif()

if(CYTOFLEET_MPI AND HDF5_FOUND AND HDF5_IS_PARALLEL)
    add_executable(test_hdf5_mpi mpi/hdf5_check.cpp io/hdf5_scenes.cpp)
    target_link_libraries(test_hdf5_mpi PRIVATE cytofleet_io MPI::MPI_CXX)
    target_include_directories(test_hdf5_mpi PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(test_hdf5_mpi PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
    add_test(NAME mpi.hdf5_test
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mpi/hdf5_test $<TARGET_FILE:test_hdf5_mpi>)
    set_tests_properties(mpi.hdf5_test PROPERTIES TIMEOUT 900 PROCESSORS 2
        ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endif()

# Runs that are killed, stopped, hung and shared; tests/fleet/full does more of the same. Timing matters to some, so
# they have the machine to themselves.
if(CYTOFLEET_MPI AND CYTOFLEET_FAULT_POINTS)
    set(few_fault_pairs 1)
    foreach(test kill_sweep stop_sweep fault_pairs fleet_test ends_test damage_sweep same_bytes storage_test slurm_test)
        add_test(NAME fleet.${test}
            COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fleet/${test} $<TARGET_FILE:cytofleet> ${few_${test}})
        set_tests_properties(fleet.${test} PROPERTIES TIMEOUT 1200 PROCESSORS 2 LABELS fleet)
    endforeach()
endif()

add_test(NAME fleet.container_form
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fleet/container_test $<TARGET_FILE:cytofleet> form)
set_tests_properties(fleet.container_form PROPERTIES LABELS fleet)

# The golden tests on the compact set that every clone has.
add_test(NAME parity.table_test
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/parity/table_test $<TARGET_FILE:parity_table>)
set_tests_properties(parity.table_test PROPERTIES TIMEOUT 600)

add_subdirectory(style)
