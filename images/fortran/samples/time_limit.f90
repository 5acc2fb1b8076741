program busy
  implicit none
  integer, volatile :: turn = 0
  do
    turn = 1 - turn
  end do
end program busy
