while true:
  echo "again and again"
