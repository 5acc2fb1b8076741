program echo
  implicit none
  character(1000) :: line
  integer :: status, length
  do
    read (*, '(a)', iostat=status) line
    if (status /= 0) exit
    length = len_trim(line)
    print '(a)', line(:length)
  end do
end program echo
