program workers
  implicit none
  integer, parameter :: count = 4
  integer(8) :: total = 0, n
  !$omp parallel do num_threads(count) reduction(+: total)
  do n = 0, 999999
    total = total + n
  end do
  !$omp end parallel do
  print '(i0, " workers: ", i0)', count, total
end program workers
