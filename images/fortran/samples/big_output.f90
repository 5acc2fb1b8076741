program big_output
  implicit none
  integer :: number
  do number = 1, 15000
    print '(i0)', number
  end do
end program big_output
