program greedy
  implicit none
  type :: block
    integer, allocatable :: numbers(:)
  end type block
  type(block) :: blocks(100000)
  integer :: i
  do i = 1, size(blocks)
    allocate (blocks(i)%numbers(250000), source=i)
  end do
  print *, blocks(1)%numbers(1)
end program greedy
