(format *error-output* "giving up~%")
(sb-ext:exit :code 3)
