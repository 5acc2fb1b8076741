program word_count
  implicit none
  character(64) :: words(1000), word
  integer :: counts(1000) = 0, used = 0, letters = 0, start, finish, i, j, status
  character(1000) :: line

  do
    read (*, '(a)', iostat=status) line
    if (status /= 0) exit
    start = 1
    do while (start <= len_trim(line))
      finish = index(line(start:), ' ') + start - 1
      if (finish > start) call add(line(start:finish - 1))
      start = finish + 1
    end do
  end do
  do i = 2, used
    do j = i, 2, -1
      if (counts(j) < counts(j - 1)) exit
      if (counts(j) == counts(j - 1) .and. lge(words(j), words(j - 1))) exit
      word = words(j); words(j) = words(j - 1); words(j - 1) = word
      counts(j - 1:j) = counts(j:j - 1:-1)
    end do
  end do
  do i = 1, used
    print '(a, " ", i0)', trim(words(i)), counts(i)
    letters = letters + len_trim(words(i))
  end do
  print '(i0, " words, mean length ", f4.2)', used, real(letters) / used

contains

  subroutine add(text)
    character(*), intent(in) :: text
    integer :: at
    do at = 1, used
      if (words(at) == text) exit
    end do
    used = max(used, at)
    words(at) = text
    counts(at) = counts(at) + 1
  end subroutine add
end program word_count
